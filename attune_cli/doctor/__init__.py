"""The doctor: looks at what lives on this host and says what is wrong with it; `attune doctor` is the command."""
