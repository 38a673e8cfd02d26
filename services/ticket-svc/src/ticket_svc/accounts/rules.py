"""Mail domains of accounts. Pure."""

import re

_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(\.{_LABEL})+")

# Providers that give addresses to everybody: none of them can stand for one company (S4-19).
_FREE_MAIL = """
    126.com 163.com aim.com alice.it aol.com arcor.de att.net bell.net bellsouth.net bigpond.com
    bluewin.ch bol.com.br bt.com btinternet.com centurylink.net charter.net comcast.net cox.net
    duck.com earthlink.net email.com email.cz fastmail.com fastmail.fm foxmail.com free.fr
    freemail.hu freenet.de gmail.com gmx.at gmx.ch gmx.com gmx.de gmx.net googlemail.com hey.com
    hotmail.co.uk hotmail.com hotmail.de hotmail.es hotmail.fr hotmail.it hushmail.com icloud.com
    inbox.ru interia.pl juno.com laposte.net libero.it list.ru live.co.uk live.com live.fr
    live.nl mac.com mail.com mail.de mail.ru mailbox.org me.com msn.com naver.com netzero.net
    o2.pl online.de onet.pl orange.fr outlook.com outlook.de outlook.es outlook.fr passport.com
    pm.me posteo.de proton.me protonmail.ch protonmail.com qq.com rambler.ru rediffmail.com
    rocketmail.com rogers.com sbcglobal.net seznam.cz sfr.fr shaw.ca sina.com sky.com sohu.com
    sympatico.ca t-online.de talktalk.net telenet.be telus.net terra.com.br tiscali.it tuta.com
    tutanota.com ukr.net uol.com.br verizon.net virgilio.it virginmedia.com wanadoo.fr web.de
    wp.pl xs4all.nl yahoo.ca yahoo.co.in yahoo.co.jp yahoo.co.uk yahoo.com yahoo.com.br yahoo.de
    yahoo.es yahoo.fr yahoo.it yandex.com yandex.ru yeah.net ymail.com zoho.com
"""
FREE_MAIL = frozenset(_FREE_MAIL.split())


def normal_domain(text: str) -> str | None:
    """The domain in lower case and IDNA form, or None for what is no domain."""
    try:
        domain = text.strip().strip(".").lower().encode("idna").decode()
    except UnicodeError:
        return None
    return domain if len(domain) <= 253 and _DOMAIN.fullmatch(domain) else None


def is_free_mail(domain: str) -> bool:
    """Whether anybody can have an address there."""
    return domain in FREE_MAIL
