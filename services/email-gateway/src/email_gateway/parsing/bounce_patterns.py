"""Wording of delivery reports, as mail systems write it. Data for `bounces`, no logic."""

import re

SENDER_LOCAL_PARTS = re.compile(
    r"^(?:mailer[-_. ]?daemon|postmaster|mail[-_ ]?delivery|mdaemon|microsoftexchange[0-9a-f]*"
    r"|mail[-_ ]?system|mailsystem|bounces?|delivery|no-?reply-?bounce|mailadmin|mmdf)\b"
    r"|mail delivery (?:sub)?system|mailer-daemon|mail administrator|internet mail delivery",
    re.IGNORECASE,
)

SUBJECT_SIGNS = re.compile(
    r"undeliver|deliver(?:y|ed)?\b.{0,40}(?:fail|notif|problem|error|report|delay|incomplete"
    r"|status)"
    r"|(?:fail|error|problem).{0,30}deliver|returned (?:mail|e-?mail|message|to sender)"
    r"|mail (?:system )?error|mail could not|could not (?:be )?(?:deliver|send)|failure notice"
    r"|not (?:be )?delivered|non.?deliver|rejected (?:mail|message)|message (?:status|rejected)"
    r"|(?:mail|message|e-?mail).{0,20}(?:bounced?|returned|rejected|blocked|not accepted|refused)"
    r"|unable to deliver|can'?t be (?:delivered|sent)|permanent error|warning: could not send"
    r"|unzustellbar|nicht zugestellt|nicht zustellbar|unzustellbarkeit|zustellung.{0,20}fehl"
    r"|non remis|échec|non distribu|impossible de (?:remettre|distribuer)|retour de message"
    r"|no se (?:puede|pudo|ha podido)|no entregad|devuelto|n[ãa]o (?:entregue|foi poss[íi]vel)"
    r"|mancata consegna|impossibile recapitare|onbestelbaar|niet afgeleverd|kan ikke levere"
    r"|olevererbar|undeliverable|nie dor[ęe]czon|недоставлен|не доставлен|nem k[ée]zbes"
    r"|メール.{0,10}(?:送信|配信|配送)|配信(?:不能|できません)|送信でき|退信|投递失败|系统退信|退回"
    r"|^(?:failed mail|dsn|nondeliverable|user unknown|errors? detected in your mail)",
    re.IGNORECASE,
)

BODY_SIGNS = re.compile(
    r"(?:could|can|did|was|were|has|have|is)\s*(?:not|n't)\s+(?:be |been )?(?:deliver|sent|reach"
    r"|accept|relay)|unable to (?:deliver|relay|send)|undeliver|deliver(?:y|ing)?.{0,60}fail"
    r"|fail(?:ed|ure)?.{0,60}deliver|returned (?:mail|message|to sender)|permanent (?:fatal )?error"
    r"|fatal errors?|user unknown|unknown user|no such (?:user|recipient|mailbox|address)"
    r"|mailbox (?:is )?(?:full|unavailable|not found)|address (?:rejected|not found|unknown)"
    r"|recipient.{0,40}(?:reject|unknown|not found|refused|not exist)|does not exist|doesn't exist"
    r"|rejected (?:by|for|because|your)|over quota|quota exceeded|\b[45]\d\d[ -]#?[45]\.\d+\.\d+"
    r"|nicht zugestellt|non remis|no se (?:puede|pudo|ha podido)|non (?:è|e') stato possibile"
    r"|bounced|message has been (?:blocked|rejected)|delayed|will (?:be retried|keep trying)"
    r"|not known|エラー|配信|見つかりません|送信できません|宛先|存在しない|退信|无法|did not reach",
    re.IGNORECASE,
)

HARD_WORDS = re.compile(
    r"user unknown|unknown (?:user|recipient|local[- ]?part|address|account|mailbox|host)"
    r"|no such (?:user|person|recipient|mailbox|address|account|domain|host|local user)"
    r"|(?:user|mailbox|account|recipient|address|alias|domain|host)\b.{0,60}?"
    r"(?:does ?n[o']t exist|not exist|doesn't exist|not found|unknown|not known|invalid|no longer"
    r"|not valid|is not a valid|not listed|not recogni[sz]ed|disabled|inactive|closed|deleted)"
    r"|(?:invalid|bad|non-?existent) (?:recipient|mailbox|address|user|destination|domain)"
    r"|not a (?:valid|known) (?:user|mailbox|recipient|address)|doesn'?t have (?:an?"
    r"|this) .{0,30}account"
    r"|no (?:mailbox|account|user) (?:here|by that name|found)|name or service not known"
    r"|domain name not found|host (?:unknown|not found)|unrouteable|nxdomain|dns.{0,20}not found"
    r"|(?:has|have) moved|illegal host|invalid final delivery|new e?-?mail address"
    r"|does not accept (?:mail|incoming)|null ?mx"
    r"|unable to find (?:alias|recipient)|couldn'?t be found|could not be found|wasn'?t found"
    r"|recipient address rejected: (?:user|access denied)|addressee unknown|unknown or illegal"
    r"|no valid recipients|destination (?:user|address) (?:unknown|not found)|sorry, no mailbox"
    r"|this user doesn|account (?:that you tried to reach )?(?:is disabled|has been disabled)"
    r"|recipnotfound|resolver\.adr|宛先不明|存在しない|ユーザー?.{0,20}(?:いません|見つかりません)",
    re.IGNORECASE | re.DOTALL,
)

SOFT_WORDS = re.compile(
    r"sender (?:address|domain|verif)|\bmail from\b|envelope sender|return address"
    r"|(?:mailbox|mail box|disk|inbox|account).{0,40}(?:full|quota|exceed|over)|over ?quota"
    r"|quota (?:exceeded|full)|exceeded? .{0,30}(?:quota|storage|limit|size)|insufficient .{0,10}"
    r"(?:storage|disk|space)|too (?:large|big|many|much)|size limit|(?:message|mail) size"
    r"|spam|block(?:ed|list)"
    r"|blacklist|reputation|policy|virus|malware|content (?:filter|reject|scan)|dmarc|dkim"
    r"|\bspf\b|authenticat"
    r"|relay(?:ing)?|greylist|try again|temporar|deferred|timed? ?out|timeout"
    r"|not (?:yet )?been delivered"
    r"|connection (?:refused|timed|reset|dropped|closed)|retry|retries|delayed|rate limit"
    r"|throttl|suspend"
    r"|reverse dns|\bptr\b|mail loop|hop count|\btls\b|certificate|network|unreachable"
    r"|too old|expired|gave up"
    r"|system error|configuration error|local error|abuse|banned|unauthenticated|permission"
    r"|not (?:authori[sz]ed|allowed|permitted)|denied|filter|refused",
    re.IGNORECASE,
)

HARD_STATUS = re.compile(r"5\.1\.(?:0|1|2|3|4|6|10)$|5\.4\.(?:4|310)$|5\.2\.1$")
SOFT_STATUS = re.compile(r"4\.|5\.2\.[2-9]|5\.3\.|5\.[4567]\.")
