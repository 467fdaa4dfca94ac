"""Where things stand in a state row and in the tables that the compiled step reads.

A state row is: header · session clock · blocks of the session columns · clocks of 1, 5 and 30
minutes · blocks of their columns. A block is the value and what the operator keeps. Everything
after the session part is zeroed when a session starts, the session part when too many sessions are
missing. Where session bars are fed: header · clocks of session, week and month · blocks of their
columns, zeroed when too many sessions are missing. Times are minutes since 1970, which a
float64 holds exactly. Zero means "nothing yet" wherever a row is not in the header.
"""

# Header.
LAST = 0  # start of the last bar
PENDING = 1  # as LAST, while a call's input is still being checked
SESSION = 2  # label of the session that the intraday part belongs to
CLOSE = 3  # close of that session
EXPECTED = 4  # next regular-hours minute of that session that is not accounted for
SESSION_BAR = 5  # label of the session of the last session bar; 0: none
HEADER = 8

# A clock: the bar it is making or has made, then its counters.
OPEN_PRICE = 0
HIGH = 1
LOW = 2
CLOSE_PRICE = 3
VOLUME = 4
RETURN = 5  # log return from the bar before
RANGE = 6  # squared log of high over low
PREVIOUS = 7  # close of the bar before
COUNT = 8  # bars closed since the reset
GAP = 9  # 1 + number of the last bar that has, or is followed by, a missing minute; 0: none
ACTIVE = 10  # 1 while a bar is being made
END = 11  # first minute after the bar that is being made; of a week or month its number
FLAG = 12  # 1 where a minute of the bar that is being made is missing
CLOCK = 16

# Columns of the table of clocks; the last row ("none") has operators but no bars.
CLOCK_OFFSET = 0
CLOCK_FIRST = 1
CLOCK_LAST = 2
CLOCK_MINUTES = 3
# The last row has no clock to say these of: length of a state row, numbers observed beside a bar,
# minutes of a bar that is fed (0: a session).
STATE_SIZE = CLOCK_OFFSET
OBSERVED = CLOCK_MINUTES
FED = 4
CLOCK_TABLE = 5
ONE, FIVE, THIRTY, DAY, WEEK, MONTH, NONE = 0, 1, 2, 3, 4, 5, 6

# Columns of the table of operators.
KIND = 0
OFFSET = 1
WINDOW = 2
INPUT = 3
SECOND_INPUT = 4
WARM_UP = 5
LOOK_BACK = 6
OUT = 7
OWN = 8  # places to zero where an observed input is missing; 0: no input is observed
MAX_AGE = 9  # sessions after which an observed input is withheld
TABLE = 10

PARAMETERS = 3

# An input is a place in the clock, or, from here on, the number of an observed series. The block of an
# operator with an observed input has a count of its own right before its value: bars since an input
# was last missing, or STALE while the last bar's input was too old.
SERIES = CLOCK
STALE = -1.0

# Rows of the table of sessions: times in minutes, then what the calendar says. Of the rows that come
# in pairs the first is of the week, the second of the month.
LABEL, START, OPEN, SHUT, STOP = 0, 1, 2, 3, 4
PERIOD = 5  # number of the week or month
SESSION_OF = 7  # number of the session in it, from 1
SESSIONS_LEFT = 9  # sessions after it in the same week or month
DAY_OF_WEEK = 11  # Monday is 0
MONTH_OF_YEAR = 12
DAYS_SINCE_SESSION = 13  # from the session before
DAYS_TO_SESSION = 14  # to the next session
SESSION_LENGTH = 15  # minutes of regular hours
CALENDAR_ROWS = 16
# What the calendar does not say: it begins, or ends, within the week or month.
UNKNOWN = -1

# Kinds of operators; those of the families are in compiled.kinds.
LOG_RETURN = 0
EMA_DISTANCE = 1
RSI = 2
MACD_LINE = 3
MACD_SIGNAL = 4
MACD_HISTOGRAM = 5
MEAN_DISTANCE = 6
ROLLING_STD = 7
Z_SCORE = 8
RANGE_POSITION = 9
CLOSE_VOLATILITY = 10
PARKINSON_VOLATILITY = 11
EWMA_VOLATILITY = 12
VWAP_DISTANCE = 13
MINUTES_SINCE_OPEN = 14
MINUTES_TO_CLOSE = 15
LAST_KNOWN = 16
SPREAD = 17

SESSIONS_SINCE = 900
SESSIONS_TO = 901
# From here on: row of the table of sessions.
CALENDAR = 1000

# Windows up to here are read whole at each bar; see compiled.windows.
SMALL_WINDOW = 64

STATUS_OK = 0
STATUS_NOT_WARM = 1
STATUS_GAP = 2
STATUS_STALE = 3
