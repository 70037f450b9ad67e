"""One module per vendor: a Report in, the traps that this vendor's OLT sends for it out (none, one or several)."""

from collections.abc import Callable

from faultd.simulator.plant import SimulatedPlant, Vendor
from faultd.simulator.report import DeviceTime, Observation, VendorNotification
from faultd.simulator.vendors import bdcom, calix_e7, huawei, vsol, zte

Dialect = Callable[[SimulatedPlant, Observation, DeviceTime], tuple[VendorNotification, ...]]

DIALECTS: dict[Vendor, Dialect] = {
    "huawei": huawei.drafts,
    "zte": zte.drafts,
    "calix_e7": calix_e7.drafts,
    "bdcom": bdcom.drafts,
    "vsol": vsol.drafts,
}
