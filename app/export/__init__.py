"""Paper and files to mail: map sheets, the one-file HTML atlas; values in, bytes out, without Flask."""
