"""The operators' console: one page that shows how all stands, and desks where what is stuck is mended."""
