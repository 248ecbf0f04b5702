"""The colours of all boards: Okabe and Ito's, told apart with any colour vision, each with one meaning everywhere."""

LIVE = "#0072B2"
REFERENCE = "#E69F00"
LIMIT = "#D55E00"
GOOD = "#009E73"
OTHER = "#CC79A7"  # what live is compared with: the other version, segment or time
WARNING = "#F0E442"
FURTHER = ("#56B4E9", "#CC79A7", "#E69F00", "#009E73")
QUIET = "text"
CLEAR = "transparent"

# Lines that only their names tell apart: blue to purple by their largest value. A palette by number has red and green.
BY_VALUE = "continuous-BlPu"
