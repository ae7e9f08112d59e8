"""Extensions: pure, idempotent functions item → item (and collection → collection), applied in the recipe's order."""
