"""What a lock file must say, judged once for CI, controller and agents."""
