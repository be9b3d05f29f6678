"""The API: what all of its resources have in common, and the matrix that holds each of them to it."""
