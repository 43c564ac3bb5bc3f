"""What is told of a run: the story of one screen, the summary for machines, the run's folder."""
