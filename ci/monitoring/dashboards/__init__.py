"""The pages, in the order of the flow."""

from ci.monitoring.dashboards.features import FEATURES
from ci.monitoring.dashboards.flow import FLOW
from ci.monitoring.dashboards.model import MODEL
from ci.monitoring.dashboards.platform import PLATFORM
from ci.monitoring.dashboards.risk_and_pnl import RISK_AND_PNL
from ci.monitoring.dashboards.services import SERVICES

PAGES = (FLOW, *SERVICES, FEATURES, MODEL, RISK_AND_PNL, PLATFORM)
