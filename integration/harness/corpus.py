def tests(world):
    return []
