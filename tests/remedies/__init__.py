"""Each reason: how an entry comes into it, its one sentence, and its remedy carried out word for word."""
