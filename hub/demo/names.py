"""What things are called in the fictional city. Invented names only: no real force, council, hospital or brigade."""

from __future__ import annotations

CITY = "Nevermouth"
POLICE = f"{CITY} Police"
FIRE_BRIGADE = CITY

ASHMARROW = "Ashmarrow"
BRACKENHOLT = "Brackenholt"
CASTLEHYTHE = "Castlehythe"
GULLHOLM = "Gullholm and Strand"
LARKHEATH = "Larkheath"
WINTERMOOR = "Wintermoor"

BCU_OF_BOROUGH = {
    ASHMARROW: "North Shore",
    BRACKENHOLT: "South Shore",
    CASTLEHYTHE: "North Shore",
    GULLHOLM: "South Shore",
    LARKHEATH: "South Shore",
    WINTERMOOR: "North Shore",
}

SHARED_WARDS = {
    "Abbey": (CASTLEHYTHE, WINTERMOOR),
    "Common": (ASHMARROW, LARKHEATH),
    "Park": (BRACKENHOLT, GULLHOLM),
}
"""Ward names found in two boroughs, as in London: a name alone does not say which ward is meant."""

_WARDS = """
    Alderfen, Amberholt, Anchor Fields, Applegarth, Arrowmead, Aumbry Hill, Barleycross, Beacon Edge, Bellfounders,
    Bittern Green, Blackthorn Vale, Blindwell, Bonfire Hill, Brineworks, Broadmarrow, Buttercross, Candlemakers,
    Carrowby, Chandlers Reach, Chantry Wood, Clapgate, Cobblers Row, Cordwain, Cormorant, Corncrake, Cowslip Meadow,
    Cranesbill, Crookwater, Cuckoo Pen, Curlew Marsh, Dabchick, Dovecote, Drovers End, Dyers Bank, Eastmarrow,
    Eelcatch, Emberley, Fallowgate, Farthingdale, Fennimore, Ferrymeadow, Fletchers Moor, Foxglove Hill, Fullers
    Mead, Goosander, Gorsewick, Grebe Water, Greywether, Guillemot, Hallowmere, Hawkmoth, Hazelbourne, Heronswade,
    Hobblestone, Hollin Bank, Honeypot Hill, Hopfield, Hornbeam, Ivywell, Jackdaw, Juniper Down, Kestrel Rise,
    Kilnfield, Kingcup, Kittiwake, Lampwick, Lapwing, Larchmount, Limekiln, Linnet Hill, Longwater, Lostwell,
    Mallowfield, Maltings, Marrowgate, Mercers Cross, Millrace, Mistlebourne, Moorhen, Mothergate, Mulberry Yard,
    Netherfold, Nightjar, Nine Elders, Oakmarrow, Old Haven, Orchardlea, Osierholm, Otterwade, Owlstone, Pennywort,
    Pilgrims Stile, Pipit, Plovermere, Puddingmoor, Quarrydale, Quillfeather, Ravenspool, Redshank, Reedmace,
    Rookery, Ropewalk, Rosemount, Rushlight, Saffron Close, Saltersgate, Samphire, Sandpiper, Sedgewater, Sextons,
    Shearwater, Shipwrights, Silverwell, Skylark, Slatewharf, Snipe Moor, Sorrel, St Aldreda's, St Cuthwin's, St
    Elfreda's, St Osric's, St Wendreda's, Starling, Stonechat, Swanherds, Tanners, Teasel, Thistledown, Tidewaiters,
    Tollhouse, Turnstone, Underhill, Vintners, Wagtail, Warreners, Watermead, Weavers Hill, Wheatear, Whimbrel,
    Wickerby, Wigeon, Willowgarth, Windlass, Wintergreen, Woolstaplers, Wrenfield, Yaffle, Yarrow, Yellowhammer
    """
WARDS = tuple(" ".join(name.split()) for name in _WARDS.split(","))

PORT_WARD = "Harbour Mouth"
PORT_WARD_LABEL = "Port Security (PS2)"
"""The "borough" under which the police file lists the ward on the quays, as the Met's lists Heathrow Villages."""

_STREETS = """
    Albatross Alder Almoner Anchor Apricot Arbour Argent Banister Barnacle Basket Beadle Bellows Bobbin Bramble
    Brazier Brigantine Buckler Bullrush Burdock Cable Capstan Carder Caraway Catkin Chaffinch Clover Cockle Cooper
    Coral Corsair Cresset Cutler Daffodil Damson Dolphin Driftwood Eglantine Ember Fennel Ferrule Fiddler Flint
    Fustian Galleon Gimlet Gooseberry Gosling Halyard Harrow Hawser Hemlock Hempseed Inkwell Ironmonger Jasper
    Jetsam Kelp Ketch Kipper Larder Lobster Loom Mackerel Madrigal Mallet Marigold Mariner Mullion Mussel Oakum
    Oarsman Oyster Packhorse Pannier Parsley Pebble Periwinkle Pewter Pintail Plumb Porpoise Quince Quoin Rigging
    Rosehip Rudder Sailmaker Sandbar Saxifrage Schooner Sexton Shingle Shuttle Siskin Spindle Spinnaker Spruce
    Sturgeon Tallow Tansy Tarragon Thimble Tinder Topsail Trellis Trivet Tumbler Tuppenny Verger Walnut Warp
    Waxwing Weft Whelk Whistler Windmill Woad
    """
STREETS = tuple(_STREETS.split())
STREET_ENDINGS = ("Street", "Road", "Lane", "Avenue", "Close", "Terrace", "Grove", "Way", "Gardens", "Row", "Hill")

FIRE_STATIONS = {
    ASHMARROW: "Alderfen Cross",
    BRACKENHOLT: "Bracken Lane",
    CASTLEHYTHE: "Castle Stairs",
    GULLHOLM: "Strand",
    LARKHEATH: "Lark Hill",
    WINTERMOOR: "Winter Road",
}

HOSPITALS = {
    "NVM01": "The Almoners' Hospital",
    "NVM02": "South Shore Infirmary",
}

VENUES = (
    "the Brass Lantern",
    "the Three Gannets",
    "Never Palais nightclub",
    "the Drowned Bell",
    "the Salt Cellar bar",
    "the Mermaid's Elbow",
    "the Old Customs House",
    "the Kraken",
)

POSTCODE_AREA = "NV"
"""Not a postcode area of the United Kingdom."""
