"""`./portal audit`: what others found in what we use, what it is made of, and what tools find in our own code."""
