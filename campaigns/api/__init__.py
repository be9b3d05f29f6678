"""The door for programs to campaigns and messages."""
