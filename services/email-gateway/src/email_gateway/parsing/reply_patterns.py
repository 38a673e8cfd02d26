"""How mail clients introduce quoted text, in many languages. Data for `reply`, no logic."""

# ruff: noqa: RUF001 - the words of other alphabets are meant as they are.

import re

# Closing words of "On <date>, <name> wrote:" lines; each stands right before the final colon.
_WROTE = (
    "wrote|writes|schrieb(?:en)?|a écrit|a ecrit|escribió|escribio|ha scritto|escreveu|schreef"
    "|geschreven|skrev|kirjoitti|napisał(?:\\(a\\)|a)?|pisze|napsal(?:\\(a\\)|a)?"
    "|napísal(?:\\(a\\)|a)?"
    "|ezt írta|írta|пишет|писал(?:\\(а\\)|а)?|написал(?:\\(а\\)|а)?|написав(?:ла)?|yazdı|đã viết"
    "|写道|寫道|書きました|작성|έγραψε|כתב|كتب|a scris|je napisao|je napisal(?:a)?|rašė|kirjutas"
    "|ha escrit|skrifaði|menulis"
)
ATTRIBUTION_END = re.compile(
    rf"(?:{_WROTE}).{{0,120}}[:\uff1a]\s*$|(?:@|<mailto:)[^\s<>]{{3,200}}>?.{{0,40}}[:\uff1a]\s*$",
    re.IGNORECASE,
)
ATTRIBUTION_START = re.compile(
    r"^\s*(?:(?:on|am|le|el|il|em|a|op|den|på|i|dnia|w dniu|dne|dňa|v|в|на|at|vào|pe|în|in|ti"
    r"|στις|u|kl|to|fr|lö|sö|må|mon|tue|wed|thu|fri|sat|sun|mo|di|mi|do|sa|so|lun|pon|wt|śr|czw"
    r"|pt|sob|niedz|пн|вт|ср|чт|пт|сб|вс)\b|[\d\"'<\u0590-\u05ff\u0600-\u06ff]"
    r"|\w[\w .,'-]{0,60}\b(?:wrote|schrieb|a écrit|skrev|kirjoitti|пишет))",
    re.IGNORECASE,
)
ATTRIBUTION_WORD = re.compile(
    r"^\s*(?:on|am|le|el|il|em|op|den|på|w dniu|dnia|dne)\b", re.IGNORECASE
)
ORIGINAL_MESSAGE = re.compile(
    r"^[ \t*]*(?:-{2,}|_{5,}|={5,})[ \t]*(?:original (?:message|email|appointment)|reply message"
    r"|ursprüngliche (?:nachricht|e-?mail)|originalnachricht|original-?nachricht"
    r"|message d['’]origine"
    r"|message (?:original|initial)|mensaje original|mensagem original|messaggio originale"
    r"|oorspronkelijk bericht|opprinnelig melding|oprindelig meddelelse|ursprungligt meddelande"
    r"|ursprungsmeddelande|originalmeddelande|alkuperäinen viesti|wiadomość oryginalna"
    r"|oryginalna wiadomość|původní (?:zpráva|e-?mail)|pôvodná správa|eredeti üzenet"
    r"|исходное сообщение|оригинальное сообщение|original mesaj|orijinal mesaj|mesaj original"
    r"|原始邮件|原始郵件|original-nachricht|원본 메시지|元のメッセージ"
    r"|tin nhắn gốc|sent from my .{2,40}"
    r"|antwort|reply|antworten)[ \t]*(?:(?:-{2,}|_{5,}|={5,})[ \t*]*|\*[ \t*]*)?$",
    re.IGNORECASE,
)
FORWARDED = re.compile(
    r"^[ \t>]*(?:-{2,}[ \t]*(?:forwarded (?:message|by)|weitergeleitete nachricht|message transféré"
    r"|mensaje reenviado|messaggio inoltrato|mensagem encaminhada|doorgestuurd bericht"
    r"|videresendt|vidarebefordrat|vidarebefordrade|välitetty viesti|přeposlaná|пересылаемое"
    r"|пересланное|转发)|begin forwarded message|anfang der weitergeleiteten|début du message)",
    re.IGNORECASE | re.MULTILINE,
)
FORWARD_SUBJECT = re.compile(
    r"^\s*(?:fwd?|wg|tr|rv|enc|i|pd|vl|doorst|vb|vs|转发|轉寄|転送)\s*[:\uff1a]", re.IGNORECASE
)

# Field names of the header block that Outlook and others put above the quoted mail.
_FROM = (
    "from|von|de|da|van|från|fra|lähettäjä|od|feladó|от"
    "|от кого|kimden|gönderen|发件人|寄件者|差出人"
    "|보낸 사람|від|expéditeur"
)
_DATE = (
    "sent|date|gesendet|datum|envoyé|enviado(?: el| em)?|fecha|data|inviato|verzonden|skickat|sendt"
    "|dato|lähetetty|päivämäärä|wysłano|odesláno|odoslané|elküldve|dátum|отправлено|дата|gönderildi"
    "|tarih|发送时间|傳送時間|日期|送信日時|보낸 날짜|надіслано"
)
_TO = (
    "to|an|à|para|a|aan|till|til|vastaanottaja|do|komu"
    "|címzett|кому|kime|alıcı|收件人|宛先|받는 사람"
    "|cc|kopie|copie|kopia|dw|kopi|копия|抄送"
)
_SUBJECT = (
    "subject|betreff|betrifft|objet|asunto|assunto|oggetto|onderwerp|ämne|emne|aihe|temat|předmět"
    "|predmet|tárgy|тема|konu|主题|主旨|件名|제목"
)
_FIELD = r"^[ \t*]*(?:{names})[ \t]*(?:\*[ \t]*)?[:\uff1a]"
FROM_LINE = re.compile(_FIELD.format(names=_FROM), re.IGNORECASE)
DATE_LINE = re.compile(_FIELD.format(names=_DATE), re.IGNORECASE)
TO_LINE = re.compile(_FIELD.format(names=_TO), re.IGNORECASE)
SUBJECT_LINE = re.compile(_FIELD.format(names=_SUBJECT), re.IGNORECASE)

# Elements that clients wrap around the quoted mail in HTML.
HTML_QUOTE = re.compile(
    r"<(?:div|blockquote|hr|span|table|section)\b[^<>]{0,300}?(?:class|id"
    r"|name)\s*=\s*[\"']?[^\"'<>]{0,80}?"
    r"(?:gmail_quote(?!_attribution)|gmail_extra|divrplyfwdmsg|appendonsend|stopspelling"
    r"|yahoo_quoted"
    r"|moz-cite-prefix|olk_src_body_section|mail-editor-reference-message|protonmail_quote"
    r"|tutanota_quote|zmail_extra|ms-outlook-mobile-reference-message|wordsection_quote"
    r"|quoted_message|reply-original|isforwardcontent|replyforwardmessage|front-blockquote"
    r"|skype-quote|airmail_quote|x_divrplyfwdmsg)[^<>]{0,300}>"
    r"|<blockquote\b[^<>]{0,300}?(?:type\s*=\s*[\"']?cite|name\s*=\s*[\"']?quote)[^<>]{0,300}>"
    r"|<div\b[^<>]{0,100}border:\s*none;\s*border-top:\s*solid #(?:e1e1e1|b5c4df)[^<>]{0,200}>",
    re.IGNORECASE,
)
