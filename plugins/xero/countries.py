"""Countries: ISO 3166-1 alpha-2 to a short plain English name, and back from what people type.

Xero's Country takes at most 50 characters of A-Z and a-z (FACTS 4.11); the long ISO name of the United Kingdom has 52
and 29 short ones have other characters. So codes are kept and these names are sent, never the text of the source.
"""

from __future__ import annotations

import re
import unicodedata

_TABLE = """
AD Andorra; AE United Arab Emirates; AF Afghanistan; AG Antigua and Barbuda; AI Anguilla; AL Albania;
AM Armenia; AO Angola; AQ Antarctica; AR Argentina; AS American Samoa; AT Austria; AU Australia; AW Aruba;
AX Aland Islands; AZ Azerbaijan; BA Bosnia and Herzegovina; BB Barbados; BD Bangladesh; BE Belgium;
BF Burkina Faso; BG Bulgaria; BH Bahrain; BI Burundi; BJ Benin; BL Saint Barthelemy; BM Bermuda; BN Brunei;
BO Bolivia; BQ Caribbean Netherlands; BR Brazil; BS Bahamas; BT Bhutan; BV Bouvet Island; BW Botswana;
BY Belarus; BZ Belize; CA Canada; CC Cocos Islands; CD Democratic Republic of the Congo;
CF Central African Republic; CG Republic of the Congo; CH Switzerland; CI Ivory Coast; CK Cook Islands;
CL Chile; CM Cameroon; CN China; CO Colombia; CR Costa Rica; CU Cuba; CV Cape Verde; CW Curacao;
CX Christmas Island; CY Cyprus; CZ Czech Republic; DE Germany; DJ Djibouti; DK Denmark; DM Dominica;
DO Dominican Republic; DZ Algeria; EC Ecuador; EE Estonia; EG Egypt; EH Western Sahara; ER Eritrea; ES Spain;
ET Ethiopia; FI Finland; FJ Fiji; FK Falkland Islands; FM Micronesia; FO Faroe Islands; FR France; GA Gabon;
GB United Kingdom; GD Grenada; GE Georgia; GF French Guiana; GG Guernsey; GH Ghana; GI Gibraltar; GL Greenland;
GM Gambia; GN Guinea; GP Guadeloupe; GQ Equatorial Guinea; GR Greece;
GS South Georgia and South Sandwich Islands; GT Guatemala; GU Guam; GW Guinea Bissau; GY Guyana; HK Hong Kong;
HM Heard and McDonald Islands; HN Honduras; HR Croatia; HT Haiti; HU Hungary; ID Indonesia; IE Ireland;
IL Israel; IM Isle of Man; IN India; IO British Indian Ocean Territory; IQ Iraq; IR Iran; IS Iceland; IT Italy;
JE Jersey; JM Jamaica; JO Jordan; JP Japan; KE Kenya; KG Kyrgyzstan; KH Cambodia; KI Kiribati; KM Comoros;
KN Saint Kitts and Nevis; KP North Korea; KR South Korea; KW Kuwait; KY Cayman Islands; KZ Kazakhstan; LA Laos;
LB Lebanon; LC Saint Lucia; LI Liechtenstein; LK Sri Lanka; LR Liberia; LS Lesotho; LT Lithuania;
LU Luxembourg; LV Latvia; LY Libya; MA Morocco; MC Monaco; MD Moldova; ME Montenegro; MF Saint Martin;
MG Madagascar; MH Marshall Islands; MK North Macedonia; ML Mali; MM Myanmar; MN Mongolia; MO Macau;
MP Northern Mariana Islands; MQ Martinique; MR Mauritania; MS Montserrat; MT Malta; MU Mauritius; MV Maldives;
MW Malawi; MX Mexico; MY Malaysia; MZ Mozambique; NA Namibia; NC New Caledonia; NE Niger; NF Norfolk Island;
NG Nigeria; NI Nicaragua; NL Netherlands; NO Norway; NP Nepal; NR Nauru; NU Niue; NZ New Zealand; OM Oman;
PA Panama; PE Peru; PF French Polynesia; PG Papua New Guinea; PH Philippines; PK Pakistan; PL Poland;
PM Saint Pierre and Miquelon; PN Pitcairn Islands; PR Puerto Rico; PS Palestine; PT Portugal; PW Palau;
PY Paraguay; QA Qatar; RE Reunion; RO Romania; RS Serbia; RU Russia; RW Rwanda; SA Saudi Arabia;
SB Solomon Islands; SC Seychelles; SD Sudan; SE Sweden; SG Singapore; SH Saint Helena; SI Slovenia;
SJ Svalbard and Jan Mayen; SK Slovakia; SL Sierra Leone; SM San Marino; SN Senegal; SO Somalia; SR Suriname;
SS South Sudan; ST Sao Tome and Principe; SV El Salvador; SX Sint Maarten; SY Syria; SZ Eswatini;
TC Turks and Caicos Islands; TD Chad; TF French Southern Territories; TG Togo; TH Thailand; TJ Tajikistan;
TK Tokelau; TL East Timor; TM Turkmenistan; TN Tunisia; TO Tonga; TR Turkey; TT Trinidad and Tobago; TV Tuvalu;
TW Taiwan; TZ Tanzania; UA Ukraine; UG Uganda; UM United States Minor Outlying Islands; US United States;
UY Uruguay; UZ Uzbekistan; VA Vatican City; VC Saint Vincent and Grenadines; VE Venezuela;
VG British Virgin Islands; VI United States Virgin Islands; VN Vietnam; VU Vanuatu; WF Wallis and Futuna;
WS Samoa; YE Yemen; YT Mayotte; ZA South Africa; ZM Zambia; ZW Zimbabwe
"""
NAMES: dict[str, str] = {entry[:2]: entry[3:] for entry in (part.strip() for part in _TABLE.split(";"))}

# Longer, older and foreign ways to say it, beside the codes and the names above.
_ALIASES: dict[str, tuple[str, ...]] = {
    "AE": (
        "UAE",
        "U.A.E.",
    ),
    "AT": (
        "Oesterreich",
        "Osterreich",
    ),
    "AU": ("Commonwealth of Australia",),
    "AX": ("Aland",),
    "BN": ("Brunei Darussalam",),
    "BO": (
        "Bolivia, Plurinational State of",
        "Plurinational State of Bolivia",
    ),
    "BQ": ("Bonaire, Sint Eustatius and Saba",),
    "BR": ("Brasil",),
    "BS": ("The Bahamas",),
    "CC": ("Cocos (Keeling) Islands",),
    "CD": (
        "Congo, Democratic Republic of the",
        "Congo, The Democratic Republic of the",
        "DR Congo",
        "Congo - Kinshasa",
        "Congo (Kinshasa)",
    ),
    "CG": (
        "Congo",
        "Congo - Brazzaville",
        "Congo (Brazzaville)",
    ),
    "CH": (
        "Schweiz",
        "Suisse",
        "Svizzera",
    ),
    "CI": ("Cote d'Ivoire",),
    "CN": (
        "PRC",
        "People's Republic of China",
        "Mainland China",
    ),
    "CV": ("Cabo Verde",),
    "CZ": ("Czechia",),
    "DE": (
        "Deutschland",
        "Federal Republic of Germany",
    ),
    "ES": ("Espana",),
    "FK": ("Falkland Islands (Malvinas)",),
    "FM": (
        "Micronesia, Federated States of",
        "Federated States of Micronesia",
    ),
    "FR": ("French Republic",),
    "GB": (
        "UK",
        "U.K.",
        "G.B.",
        "Great Britain",
        "Britain",
        "England",
        "Scotland",
        "Wales",
        "Northern Ireland",
        "United Kingdom of Great Britain and Northern Ireland",
        "United Kingdom of Great Britain & Northern Ireland",
        "The United Kingdom",
    ),
    "GM": ("The Gambia",),
    "GS": ("South Georgia and the South Sandwich Islands",),
    "HK": (
        "Hong Kong Special Administrative Region of China",
        "Hong Kong SAR",
        "Hong Kong SAR China",
    ),
    "HM": ("Heard Island and McDonald Islands",),
    "IE": (
        "Republic of Ireland",
        "Eire",
    ),
    "IR": (
        "Iran, Islamic Republic of",
        "Islamic Republic of Iran",
    ),
    "IT": ("Italia",),
    "KP": (
        "Korea, Democratic People's Republic of",
        "Democratic People's Republic of Korea",
    ),
    "KR": (
        "Korea",
        "Korea, Republic of",
        "Republic of Korea",
        "The Republic of Korea",
    ),
    "LA": (
        "Lao People's Democratic Republic",
        "Lao",
    ),
    "MD": (
        "Moldova, Republic of",
        "Republic of Moldova",
    ),
    "MF": ("Saint Martin (French part)",),
    "MK": (
        "Macedonia",
        "Republic of North Macedonia",
    ),
    "MM": ("Burma",),
    "MO": (
        "Macao",
        "Macao Special Administrative Region of China",
        "Macao SAR China",
    ),
    "NL": (
        "The Netherlands",
        "Holland",
        "Kingdom of the Netherlands",
    ),
    "NZ": (
        "Aotearoa",
        "Aotearoa New Zealand",
    ),
    "PH": ("The Philippines",),
    "PS": (
        "Palestine, State of",
        "State of Palestine",
        "Palestinian Territories",
    ),
    "RE": ("La Reunion",),
    "RU": ("Russian Federation",),
    "SH": ("Saint Helena, Ascension and Tristan da Cunha",),
    "SX": ("Sint Maarten (Dutch part)",),
    "SY": ("Syrian Arab Republic",),
    "SZ": ("Swaziland",),
    "TL": ("Timor-Leste",),
    "TR": (
        "Turkiye",
        "Republic of Turkiye",
    ),
    "TW": (
        "Taiwan, Province of China",
        "Republic of China",
    ),
    "TZ": (
        "Tanzania, United Republic of",
        "United Republic of Tanzania",
    ),
    "US": (
        "USA",
        "U.S.A.",
        "U.S.",
        "United States of America",
        "The United States",
        "The United States of America",
        "America",
    ),
    "VA": (
        "Holy See",
        "Holy See (Vatican City State)",
        "Vatican",
    ),
    "VE": (
        "Venezuela, Bolivarian Republic of",
        "Bolivarian Republic of Venezuela",
    ),
    "VG": ("Virgin Islands, British",),
    "VI": (
        "Virgin Islands, U.S.",
        "US Virgin Islands",
        "U.S. Virgin Islands",
    ),
    "VN": (
        "Viet Nam",
        "Socialist Republic of Viet Nam",
    ),
}


def _fold(text: str) -> str:
    """Letters only, without accents, case or punctuation: ``Cote dIvoire`` and ``CÔTE D’IVOIRE`` are one."""
    plain = unicodedata.normalize("NFKD", text.replace("&", " and ")).encode("ascii", "ignore").decode()
    return " ".join(re.sub(r"[^a-z ]", "", plain.casefold().replace("-", " ")).split())


_BY_TEXT = {
    **{_fold(alias): code for code, aliases in _ALIASES.items() for alias in aliases},
    **{_fold(name): code for code, name in NAMES.items()},
    **{code.casefold(): code for code in NAMES},
}


def find_country(code: str | None, text: str | None = None) -> str | None:
    """The alpha-2 code that *code* is or that *text* says, or None."""
    for told in (code, text):
        if told and (found := _BY_TEXT.get(_fold(told))):
            return found
    return None


def country_name(code: str) -> str:
    """The short plain name of a known code: A-Z, a-z and spaces, at most 50 characters. Raises KeyError."""
    return NAMES[code]
