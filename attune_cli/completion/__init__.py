"""What a shell offers after Tab: commands, options, and the names of what there is in the working directory and at the controller."""
