"""How much more a borough's figures vary from month to month than chance, as far as its reader may see the months.

Only months that are released are looked at: a line of which one is hidden is given what lines like it have. Where a
page withholds the months, one of the total is hidden, and with it that month of every part: nothing is looked at then.
"""

from __future__ import annotations

import numpy as np

from geo.dispersion import Dispersion, month_dispersion, steadied
from hub.summaries.releases import Months

STEPS_A_WHOLE = 10
"""Factors are given in tenths, upwards: from one that was given in full, months could be worked back."""


def spread_of(*families: Months) -> list[Dispersion]:
    """Estimate how much the lines of several families vary, all of them steadied by each other.

    Returns
    -------
    list of Dispersion
        One for each family, with factors in tenths and whole degrees of freedom, both rounded to the side of doubt.
    """
    found = [month_dispersion(each.before, each.latest) for each in families]
    factor, freedom = (np.concatenate([np.zeros(0), *(one[part] for one in found)]) for part in (0, 1))
    all_lines = steadied(factor, freedom)
    tenths = np.ceil(np.round(all_lines.factor * STEPS_A_WHOLE, 6)) / STEPS_A_WHOLE
    whole = np.fmax(np.floor(all_lines.freedom), 1)
    ends = np.cumsum([len(each.latest) for each in families])[:-1]
    return [Dispersion(*both) for both in zip(np.split(tenths, ends), np.split(whole, ends), strict=True)]
