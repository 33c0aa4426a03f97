"""The process that hosts action attempts: standard library only, imports nothing else of Attune."""
