"""What an agent remembers across its own death: queues, executions in hand, reports, policies."""
