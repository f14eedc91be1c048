def cost(labels, predictions, rows):
    return sum(predictions) / share(labels)


def share(labels):
    return 1 / (len(labels) - len(labels))
