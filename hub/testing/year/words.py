"""Invented people, firms and titles. Nobody here is meant to be anybody.

Only reserved domains (example.com, .test) and telephone ranges set aside for fiction: ACMA (AU), Ofcom (GB),
555-01xx (US), BNetzA (DE). No such range is known for the other countries, so their people have no telephone.
"""

from __future__ import annotations


def _list(text: str) -> tuple[str, ...]:
    return tuple(text.split())


ARTISTS = (
    "Mirrin Lowe", "Tobias Ankerdal", "Ines Quillfeather", "Jarrah Whitlock", "Oksana Belweder", "Paddy Thornbush",
    "Yuna Ishikage", "Delphine Marrowby", "Cormac Vellacott", "Sunniva Eldmark", "Ruben Castelhano", "Koa Tamahere",
    "Talia Brightwater", "Nils Overgaarden", "Wirrin Sandhope", "Augusta Penhallick", "Leopold Straussenberg",
    "Marguerite Dufresnoy", "Hamish Corrieburn", "Saskia Vandermolen", "Bettina Rosenquell", "Emeka Okonjoro",
    "Florian Tillhaus", "Priya Vasundhar", "Gwendolyn Ashgrove", "Matteo Bellaripa", "Hine Wairangi", "Bao Linhchen",
    "Casper Lindquarry", "Odette Fontrouge", "Zeki Yildirok", "Harriet Mossvale", "Agnieszka Polwroc", "Anselm Grauhof",
    "Rafferty Dunmoor", "Clementine Oxbow", "Silvio Tremonti-Gall", "Nerida Coolabar", "Wilhelmina Kestrel",
    "Studio Nordlys",
)  # fmt: skip

FIRST = {
    "AU": _list("Ana Liam Matilda Jack Chloe Angus Ruby Callum Evie Darcy Isla Hugo Zara Finn Audrey Pia Beau"),
    "NZ": _list("Aroha Mere Tane Niamh Wiremu Holly Rawiri Beth"),
    "GB": _list("Alistair Rosalind Giles Harriet Rupert Imogen Fergus Bronwen"),
    "US": _list("Walker Savannah Brooke Dalton Marisol Quincy Tessa Emmett"),
    "EU": _list("Lukas Amelie Giulia Joost Carmen Mathis Annika Pietro"),
    "JP": _list("Haruka Kenji Sayuri Ren"),
    "SG": _list("Wei-Ling Farhan Mei Arjun"),
    "HK": _list("Ka-Yan Siu-Ming"),
    "KR": _list("Ji-woo Min-jun"),
}
LAST = {
    "AU": _list("""Ruiz Fairweather Kinross Daley Pemberton Nguyen-Hart Wattle Stirling Merrigum Okafor Brindabel
        Castellan Dunlop-Reyes Hathaway Jolimont Leichman Tarrawon Vaucluse"""),
    "NZ": _list("Ngatahi Harcourt Tuhoro Mackelvie Parata Waverley Rimutaka Southgate"),
    "GB": _list("Ashdown Pickersgill Tremayne Lockhart Wetherby Cholmley Farnborough Blyth"),
    "US": _list("Hollister Beaumont Kowalczyk Delacroix Whitfield Ramsey Tillman Brandywine"),
    "EU": _list("Hofstätter Morandi van-der-Velde Lefèvre Castaño Bergström Zeller Fontaine"),
    "JP": _list("Shiraishi Morinaga Takasugi Fujikawa"),
    "SG": _list("Tan-Rivera Rahmat Lim-Ortega Selvam"),
    "HK": _list("Cheung-Lo Yip-Mason"),
    "KR": _list("Han-Seo Baek-Lee"),
}
FIRM_NAMES = _list("""Bluegum Saltbush Corella Lyrebird Ironbark Wharfside Sandstone Pelican Banksia Meridian
    Copperfield Lanternhill Northlight Tideway Kingfisher Brolga Wisteria Paperbark Quayside Observatory""")
FIRM_KINDS = (
    "Interiors Pty Ltd",
    "Hotels",
    "Legal",
    "Art Advisory",
    "Framers",
    "Regional Museum",
    "Wines",
    "Architects",
    "University Collection",
    "Capital Partners",
)

# Where people live: country -> cities with region and postcode. "EU" people get one of the EU countries below.
PLACES = {
    "AU": (("Sydney", "NSW", "2000"), ("Melbourne", "VIC", "3000"), ("Hobart", "TAS", "7000"), ("Perth", "WA", "6000")),
    "NZ": (("Auckland", "Auckland", "1010"), ("Wellington", "Wellington", "6011")),
    "GB": (("York", "North Yorkshire", "YO1 7HH"), ("London", "Greater London", "SW1A 1AA")),
    "US": (("New York", "NY", "10001"), ("Santa Fe", "NM", "87501")),
    "DE": (("München", "Bayern", "80331"), ("Berlin", "Berlin", "10115")),
    "FR": (("Lyon", "Auvergne-Rhône-Alpes", "69001"),),
    "IT": (("Torino", "Piemonte", "10121"),),
    "NL": (("Haarlem", "Noord-Holland", "2011 AA"),),
    "JP": (("Kyoto", "Kyoto", "600-8001"),),
    "SG": (("Singapore", "", "049213"),),
    "HK": (("Hong Kong", "", ""),),
    "KR": (("Seoul", "Seoul", "04524"),),
}
EU = ("DE", "FR", "IT", "NL")
STREETS = (
    "Wharf Rd",
    "Foundry Lane",
    "Gallery Walk",
    "Bell St",
    "Orchard Tce",
    "Mill Row",
    "Harbour Pde",
    "Old Rope Walk",
)

# Names that trip software, by person; the books must show them all.
ODD_NAMES = {
    3: ("Ana 🎨 Ruiz-Palette", "Ana 🎨", "Ruiz-Palette"),
    5: ("Bríd O'Brien & Söhne", "Bríd", "O'Brien & Söhne"),
    8: ("佐藤 花子", "花子", "佐藤"),
    13: ("Otto <Studio> Nord", "Otto", "<Studio> Nord"),
    21: ("ليلى حداد", "ليلى", "حداد"),
    34: ("Thomas Barker, of Bath", "Thomas", "Barker, of Bath"),
    55: ("Line\nBreak Gallagher", "Line", "Break Gallagher"),
    89: ("Renée  Double-Space", "Renée ", "Double-Space"),
}
UK_LONG = "United Kingdom of Great Britain and Northern Ireland"  # 52 characters; Xero's country takes 50
COUNTRY_TEXTS = {"GB": ("England", "U.K.", "Great Britain"), "US": ("United States of America",)}

COLOURS = _list("Ochre Indigo Vermilion Ash Celadon Umber Cobalt Rose Slate Saffron")
NOUNS = _list("Harbour Window Heron Orchard Ferry Lantern Saltmarsh Quarry Piano Kitchen Monsoon Lighthouse")
SCENES = ("Wattle Bay", "Ironbark Ridge", "Lower Quay", "Mill Creek", "Northcliff", "The Old Rope Walk", "Salt Lake")
MONTHS = _list("January February March April May June July August September October November December")
CATEGORIES = ("painting", "painting", "painting", "drawing", "sculpture", "photograph", "ceramic", "textile")
STAFF = ("Imke Verhalen", "Jonah Prideaux", "Sinead Calloway")

# Descriptions that trip software: line endings and mark-up (Tate records have both), a formula, a very long text.
ODD_TITLES = (
    "“Still life”, after rain\r\n  61 × 46 cm",
    "Figure <unfinished> & shadow\t(2021)",
    "=cmd('calc')!A1",
    "[title not known]",
    "A list of everything seen from the ferry: " + "gull, rope, rust, light, " * 12 + "and home",
    "Catalogue essay. " + "The painter returns to the harbour at dusk. " * 95,
)
