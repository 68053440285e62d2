"""What happened: everything of one run on disk, enough to replay it without training anything."""
