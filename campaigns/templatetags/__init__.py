"""What templates of campaigns ask for."""
