"""What people and programs read: progress, summaries, JSON documents, logs. Knows reports and events, runs nothing."""
