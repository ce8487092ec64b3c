"""What a session may reach: labels of targets, and the scope they are held against."""
