PRICES = {"strong": 3.0, "other": 1.0}
