<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de">
    <context>
    <name>Greeter</name>
    <message>
        <source>User ID</source>
        <translation>Kennung</translation>
    </message>
    <message>
        <source>Password</source>
        <translation>Passwort</translation>
    </message>
    <message>
        <source>Caps Lock is on</source>
        <translation>Feststelltaste ist an</translation>
    </message>
    <message>
        <source>Restart</source>
        <translation>Neu starten</translation>
    </message>
    <message>
        <source>Restart now?</source>
        <translation>Jetzt neu starten?</translation>
    </message>
    <message>
        <source>Shut down</source>
        <translation>Ausschalten</translation>
    </message>
    <message>
        <source>Shut down now?</source>
        <translation>Jetzt ausschalten?</translation>
    </message>
    <message>
        <source>Light colours</source>
        <translation>Helle Farben</translation>
    </message>
    <message>
        <source>Dark colours</source>
        <translation>Dunkle Farben</translation>
    </message>
    <message>
        <source>Text {0} %</source>
        <translation>Schrift {0} %</translation>
    </message>
    <message>
        <source>Session</source>
        <translation>Sitzung</translation>
    </message>
    <message>
        <source>Keyboard layout</source>
        <translation>Tastaturbelegung</translation>
    </message>
    <message>
        <source>Colours and size of text</source>
        <translation>Farben und Schriftgröße</translation>
    </message>
    <message>
        <source>Checking…</source>
        <translation>Wird geprüft…</translation>
    </message>
    <message>
        <source>Welcome. Your session starts.</source>
        <translation>Willkommen. Die Sitzung beginnt.</translation>
    </message>
    <message>
        <source>Wait {0}</source>
        <translation>Noch {0} warten</translation>
    </message>
    <message>
        <source>The master does not answer.</source>
        <translation>Der Master antwortet nicht.</translation>
    </message>
    <message>
        <source>Log in again when it is back.</source>
        <translation>Anmelden geht, sobald er zurück ist.</translation>
    </message>
    <message>
        <source>No answer came.</source>
        <translation>Es kam keine Antwort.</translation>
    </message>
    <message>
        <source>Please try again.</source>
        <translation>Bitte noch einmal versuchen.</translation>
    </message>
    <message>
        <source>Press Enter to log in.</source>
        <translation>Mit Enter anmelden.</translation>
    </message>
    <message>
        <source>Master reachable</source>
        <translation>Master erreichbar</translation>
    </message>
    <message>
        <source>Master not reachable</source>
        <translation>Master nicht erreichbar</translation>
    </message>
    <message>
        <source>Master not reachable since {0}</source>
        <translation>Master nicht erreichbar seit {0}</translation>
    </message>
    <message>
        <source>Closed today</source>
        <translation>Heute geschlossen</translation>
    </message>
    <message>
        <source>Open today {0}</source>
        <translation>Heute offen {0}</translation>
    </message>
    <message>
        <source>Closes in {0}</source>
        <translation>Schließt in {0}</translation>
    </message>
    <message>
        <source>Opens in {0}</source>
        <translation>Öffnet in {0}</translation>
    </message>
    <message>
        <source>Opens tomorrow, {0}</source>
        <translation>Öffnet morgen, {0}</translation>
    </message>
    <message>
        <source>Opens {0}, {1}</source>
        <translation>Öffnet {0}, {1}</translation>
    </message>
    <message>
        <source>dddd d MMMM</source>
        <comment>form of a date, as QLocale has it</comment>
        <translation>dddd, d. MMMM</translation>
    </message>
</context><context>
    <name>Master</name>
    <message>
        <source>User ID or password is wrong.</source>
        <translation>Kennung oder Passwort ist falsch.</translation>
    </message>
    <message>
        <source>This account is disabled.</source>
        <translation>Dieses Konto ist gesperrt.</translation>
    </message>
    <message>
        <source>Ask the operator.</source>
        <translation>Bitte an die Aufsicht wenden.</translation>
    </message>
    <message>
        <source>Many people are logging in.</source>
        <translation>Gerade melden sich viele an.</translation>
    </message>
    <message>
        <source>Try again in a moment.</source>
        <translation>Gleich noch einmal versuchen.</translation>
    </message>
    <message>
        <source>Try again in a moment, or ask the operator.</source>
        <translation>Gleich noch einmal versuchen oder die Aufsicht fragen.</translation>
    </message>
    <message>
        <source>The master cannot check this now.</source>
        <translation>Der Master kann das gerade nicht prüfen.</translation>
    </message>
    <message>
        <source>Closed now; no opening is planned.</source>
        <translation>Jetzt geschlossen; keine Öffnung geplant.</translation>
    </message>
    <message>
        <source>Closed now; opens {when}.</source>
        <translation>Jetzt geschlossen; öffnet {when}.</translation>
    </message>
    <message>
        <source>You have no hours a day.</source>
        <translation>Sie haben keine Stunden pro Tag.</translation>
    </message>
    <message>
        <source>You have no hours a week.</source>
        <translation>Sie haben keine Stunden pro Woche.</translation>
    </message>
    <message>
        <source>Your {amount} for today are used up.</source>
        <translation>Ihre {amount} für heute sind verbraucht.</translation>
    </message>
    <message>
        <source>Your {amount} for this week are used up.</source>
        <translation>Ihre {amount} für diese Woche sind verbraucht.</translation>
    </message>
    <message>
        <source>You have time again {when}.</source>
        <translation>Sie haben wieder Zeit {when}.</translation>
    </message>
    <message>
        <source>You have no time in any planned opening.</source>
        <translation>In keiner geplanten Öffnung haben Sie Zeit.</translation>
    </message>
    <message>
        <source>Too many wrong passwords.</source>
        <translation>Zu viele falsche Passwörter.</translation>
    </message>
    <message>
        <source>Your time is up.</source>
        <translation>Ihre Zeit ist um.</translation>
    </message>
    <message>
        <source>You have logged in on another computer, so this session ends.</source>
        <translation>Sie haben sich woanders angemeldet, daher endet diese Sitzung.</translation>
    </message>
    <message>
        <source>The operator ends this session.</source>
        <translation>Die Aufsicht beendet diese Sitzung.</translation>
    </message>
    <message>
        <source>Your account was disabled, so this session ends.</source>
        <translation>Ihr Konto wurde gesperrt, daher endet diese Sitzung.</translation>
    </message>
    <message>
        <source>Your account was deleted, so this session ends.</source>
        <translation>Ihr Konto wurde gelöscht, daher endet diese Sitzung.</translation>
    </message>
    <message>
        <source>The master does not answer.</source>
        <translation>Der Master antwortet nicht.</translation>
    </message>
    <message>
        <source>Log in again when it is back.</source>
        <translation>Anmelden geht, sobald er zurück ist.</translation>
    </message>
    <message>
        <source>This session ends.</source>
        <translation>Diese Sitzung endet.</translation>
    </message>
    <message>
        <source>You are still logged in on {name}; your time is kept for it until {when}.</source>
        <translation>Sie sind noch an {name} angemeldet; Ihre Zeit ist dafür reserviert, und zwar bis {when}.</translation>
    </message>
    <message>
        <source>Somebody else is about to sit down here.</source>
        <translation>Hier meldet sich gerade jemand anderes an.</translation>
    </message>
    <message>
        <source>The login was interrupted.</source>
        <translation>Die Anmeldung wurde unterbrochen.</translation>
    </message>
    <message>
        <source>Try again, or ask the operator.</source>
        <translation>Noch einmal versuchen oder die Aufsicht fragen.</translation>
    </message>
    <message>
        <source>This computer has no account for {name}.</source>
        <translation>Dieser Computer hat kein Konto für {name}.</translation>
    </message>
    <message>
        <source>This computer knows this account by another name.</source>
        <translation>Dieser Computer kennt dieses Konto unter einem anderen Namen.</translation>
    </message>
    <message>
        <source>{name} is an account of the system; nobody can log in with it here.</source>
        <translation>{name} ist ein Konto des Systems; damit kann sich hier niemand anmelden.</translation>
    </message>
    <message>
        <source>The account {name} is closed on this computer.</source>
        <translation>Das Konto {name} ist auf diesem Computer geschlossen.</translation>
    </message>
    <message>
        <source>This computer cannot look up accounts now.</source>
        <translation>Dieser Computer kann gerade keine Konten nachschlagen.</translation>
    </message>
    <message>
        <source>This computer refuses the login: {words}.</source>
        <translation>Dieser Computer lehnt die Anmeldung ab: {words}.</translation>
    </message>
    <message>
        <source>The password of this account on this computer has expired.</source>
        <translation>Das Passwort dieses Kontos auf diesem Computer ist abgelaufen.</translation>
    </message>
    <message>
        <source>today at {0}</source>
        <translation>heute um {0}</translation>
    </message>
    <message>
        <source>tomorrow at {0}</source>
        <translation>morgen um {0}</translation>
    </message>
    <message>
        <source>on {0} at {1}</source>
        <translation>am {0} um {1}</translation>
    </message>
</context><context>
    <name>State</name>
    <message>
        <source>In use</source>
        <translation>Belegt</translation>
    </message>
    <message>
        <source>Idle</source>
        <translation>Frei</translation>
    </message>
    <message>
        <source>Computing</source>
        <translation>Rechnet</translation>
    </message>
    <message>
        <source>Suspended</source>
        <translation>Pausiert</translation>
    </message>
    <message>
        <source>Draining</source>
        <translation>Läuft aus</translation>
    </message>
    <message>
        <source>Offline</source>
        <translation>Offline</translation>
    </message>
    <message>
        <source>Error</source>
        <translation>Fehler</translation>
    </message>
</context><context>
    <name>TimeBar</name>
    <message>
        <source>From the operator</source>
        <translation>Von der Aufsicht</translation>
    </message>
    <message>
        <source>OK</source>
        <translation>OK</translation>
    </message>
    <message>
        <source>{0} more</source>
        <translation>{0} weitere</translation>
    </message>
    <message>
        <source>Programs are closed. Work that is not saved is lost.</source>
        <translation>Programme werden beendet. Nicht Gespeichertes geht verloren.</translation>
    </message>
    <message>
        <source>Log out…</source>
        <translation>Abmelden…</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Log out</source>
        <translation>Abmelden</translation>
    </message>
    <message>
        <source>No time limit</source>
        <translation>Keine Zeitgrenze</translation>
    </message>
    <message>
        <source>{0} left</source>
        <translation>Noch {0}</translation>
    </message>
    <message>
        <source>until {0}</source>
        <translation>bis {0}</translation>
    </message>
    <message>
        <source>Save your work now</source>
        <translation>Jetzt alles speichern</translation>
    </message>
    <message>
        <source>You will be logged out at {0}.</source>
        <translation>Abmeldung um {0}.</translation>
    </message>
    <message>
        <source>You will be logged out.</source>
        <translation>Sie werden gleich abgemeldet.</translation>
    </message>
    <message>
        <source>Ends</source>
        <translation>Endet</translation>
    </message>
    <message>
        <source>Used today</source>
        <translation>Heute verbraucht</translation>
    </message>
    <message>
        <source>Used this week</source>
        <translation>Diese Woche verbraucht</translation>
    </message>
    <message>
        <source>Room closes</source>
        <translation>Raum schließt</translation>
    </message>
    <message>
        <source>{0} of {1}</source>
        <translation>{0} von {1}</translation>
    </message>
</context></TS>
