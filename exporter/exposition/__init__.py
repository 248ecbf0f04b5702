"""What a scrape answers: families of sample lines, the two text formats and the choice between them."""
