"""The project: composition on top, kernel below."""
