"""The agent and its executor: run Executions on one host, in order, isolated, with bounded logs."""
