"""What is peculiar to one kind of delivered source, one module a kind; a manifest names the one it needs."""
