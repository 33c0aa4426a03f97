print("restarted")
