"""The agent listener's requests and the sessions behind them."""
