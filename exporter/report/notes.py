"""What the words and marks of the pages mean."""

Notes = tuple[tuple[str, str], ...]

_MARKS = (
    (
        "Invalid",
        (
            "Records without a value, with one of a wrong type, or with one outside of the domain. The domain is "
            "declared, or learned: the reference's range and 5% more at either end, or its categories."
        ),
    ),
    (
        "Band and whiskers",
        (
            "How far the truth may be from a sample, at 95% confidence: the band of Dvoretzky, Kiefer and Wolfowitz "
            "for a whole curve, Wilson's interval for the share of a category."
        ),
    ),
    ("Dotted bars", "Values beyond the axis. Of those outside of the reference's range, only the number is kept."),
    ("__other__", "All categories that are not counted one by one."),
)
PROFILE: Notes = (
    ("Reference", "The data that this profile was built from: what they look like when all is well."),
    *_MARKS,
)
POINT: Notes = (
    (
        "Point of interest (◆)",
        "The values of one record. A percentile tells how much of the reference is below a value.",
    ),
)
CONTRAST: Notes = (
    ("Reference", "The first profile: the data when all is well. It gives the bins, domains and thresholds."),
    ("Observed", "The second profile, on the reference's bins, categories and domains."),
    (
        "Drift",
        (
            "How far the observed distribution is from the reference's, by several statistics, each with its "
            "threshold. The one in bold decides; below its minimum sample there is no verdict."
        ),
    ),
    *_MARKS,
)
