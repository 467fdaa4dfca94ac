"""Which decisions a fold may train on, a second way: every pair of labels is held side by side."""

from itertools import combinations


def overlap(one, other):
    """Return whether two closed intervals share an instant."""
    return one[0] <= other[1] and other[0] <= one[1]


def may_train(decision, tested, lives, ends, ordinal, tested_days, embargo):
    """Return whether ``decision`` is neither near a tested day nor alive beside a tested label.

    ``lives`` say how long a training label may live, ``ends`` how long a tested one does.
    """
    if any(abs(ordinal[decision] - day) <= embargo for day in tested_days):
        return False
    return not any(overlap(lives[decision], ends[other]) for other in tested)


def reference_walk_forward(numbers, days, ordinal, entry, touch):
    """Return (train, test) of every fold, as sorted lists; ``ordinal`` is each decision's day."""
    m = range(len(entry))
    lives = [(entry[i], max(touch[i], entry[i] + numbers["purge_ns"])) for i in m]
    ends = list(zip(entry, touch, strict=True))
    folds, start = [], numbers["first"]
    while start + numbers["test"] <= days:
        tested_days = range(start, start + numbers["test"])
        tested = [i for i in m if ordinal[i] in tested_days]
        oldest = 0 if numbers["window"] == "expanding" else start - numbers["first"]
        past = [i for i in m if oldest <= ordinal[i] < start]
        embargo = numbers["embargo"]
        train = [
            i for i in past if may_train(i, tested, lives, ends, ordinal, tested_days, embargo)
        ]
        folds.append((train, tested))
        start += numbers["step"]
    return folds


def groups_of(days, groups):
    """Return the days of each group: equally many, and the rest in the last."""
    size = days // groups
    cut = [list(range(g * size, (g + 1) * size)) for g in range(groups)]
    cut[-1] += range(groups * size, days)
    return cut


def reference_combinatorial(numbers, days, ordinal, entry, touch):
    """Return (train, [(group, its tests, path)]) of every split.

    A group that is tested for the k-th time belongs to path k.
    """
    m = range(len(entry))
    lives = [(entry[i], max(touch[i], entry[i] + numbers["purge_ns"])) for i in m]
    of_group = groups_of(days, numbers["groups"])
    times_tested = [0] * numbers["groups"]
    splits = []
    for chosen in combinations(range(numbers["groups"]), numbers["test_groups"]):
        tested_days = {day for group in chosen for day in of_group[group]}
        tested = [i for i in m if ordinal[i] in tested_days]
        rest = [i for i in m if ordinal[i] not in tested_days]
        embargo = numbers["embargo"]
        train = [
            i for i in rest if may_train(i, tested, lives, lives, ordinal, tested_days, embargo)
        ]
        parts = []
        for group in chosen:
            parts.append(
                (group, [i for i in tested if ordinal[i] in of_group[group]], times_tested[group])
            )
            times_tested[group] += 1
        splits.append((train, parts))
    return splits
