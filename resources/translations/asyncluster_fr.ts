<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="fr">
    <context>
    <name>Greeter</name>
    <message>
        <source>User ID</source>
        <translation>Identifiant</translation>
    </message>
    <message>
        <source>Password</source>
        <translation>Mot de passe</translation>
    </message>
    <message>
        <source>Caps Lock is on</source>
        <translation>Verr. Maj est activée</translation>
    </message>
    <message>
        <source>Restart</source>
        <translation>Redémarrer</translation>
    </message>
    <message>
        <source>Restart now?</source>
        <translation>Redémarrer maintenant ?</translation>
    </message>
    <message>
        <source>Shut down</source>
        <translation>Éteindre</translation>
    </message>
    <message>
        <source>Shut down now?</source>
        <translation>Éteindre maintenant ?</translation>
    </message>
    <message>
        <source>Light colours</source>
        <translation>Couleurs claires</translation>
    </message>
    <message>
        <source>Dark colours</source>
        <translation>Couleurs sombres</translation>
    </message>
    <message>
        <source>Text {0} %</source>
        <translation>Texte {0} %</translation>
    </message>
    <message>
        <source>Session</source>
        <translation>Session</translation>
    </message>
    <message>
        <source>Keyboard layout</source>
        <translation>Disposition du clavier</translation>
    </message>
    <message>
        <source>Colours and size of text</source>
        <translation>Couleurs et taille du texte</translation>
    </message>
    <message>
        <source>Checking…</source>
        <translation>Vérification…</translation>
    </message>
    <message>
        <source>Welcome. Your session starts.</source>
        <translation>Bienvenue. La session démarre.</translation>
    </message>
    <message>
        <source>Wait {0}</source>
        <translation>Attendez {0}</translation>
    </message>
    <message>
        <source>The master does not answer.</source>
        <translation>Le maître ne répond pas.</translation>
    </message>
    <message>
        <source>Log in again when it is back.</source>
        <translation>Réessayez quand il sera revenu.</translation>
    </message>
    <message>
        <source>No answer came.</source>
        <translation>Aucune réponse n’est venue.</translation>
    </message>
    <message>
        <source>Please try again.</source>
        <translation>Veuillez réessayer.</translation>
    </message>
    <message>
        <source>Press Enter to log in.</source>
        <translation>Entrée pour se connecter.</translation>
    </message>
    <message>
        <source>Master reachable</source>
        <translation>Maître joignable</translation>
    </message>
    <message>
        <source>Master not reachable</source>
        <translation>Maître injoignable</translation>
    </message>
    <message>
        <source>Master not reachable since {0}</source>
        <translation>Maître injoignable depuis {0}</translation>
    </message>
    <message>
        <source>Closed today</source>
        <translation>Fermé aujourd’hui</translation>
    </message>
    <message>
        <source>Open today {0}</source>
        <translation>Ouvert aujourd’hui {0}</translation>
    </message>
    <message>
        <source>Closes in {0}</source>
        <translation>Ferme dans {0}</translation>
    </message>
    <message>
        <source>Opens in {0}</source>
        <translation>Ouvre dans {0}</translation>
    </message>
    <message>
        <source>Opens tomorrow, {0}</source>
        <translation>Ouvre demain, {0}</translation>
    </message>
    <message>
        <source>Opens {0}, {1}</source>
        <translation>Ouvre {0}, {1}</translation>
    </message>
    <message>
        <source>dddd d MMMM</source>
        <comment>form of a date, as QLocale has it</comment>
        <translation>dddd d MMMM</translation>
    </message>
</context><context>
    <name>Master</name>
    <message>
        <source>User ID or password is wrong.</source>
        <translation>Identifiant ou mot de passe incorrect.</translation>
    </message>
    <message>
        <source>This account is disabled.</source>
        <translation>Ce compte est désactivé.</translation>
    </message>
    <message>
        <source>Ask the operator.</source>
        <translation>Adressez-vous au responsable.</translation>
    </message>
    <message>
        <source>Many people are logging in.</source>
        <translation>Beaucoup de gens se connectent.</translation>
    </message>
    <message>
        <source>Try again in a moment.</source>
        <translation>Réessayez dans un instant.</translation>
    </message>
    <message>
        <source>Try again in a moment, or ask the operator.</source>
        <translation>Réessayez dans un instant ou voyez le responsable.</translation>
    </message>
    <message>
        <source>The master cannot check this now.</source>
        <translation>Le maître ne peut pas le vérifier maintenant.</translation>
    </message>
    <message>
        <source>Closed now; no opening is planned.</source>
        <translation>Fermé ; aucune ouverture n’est prévue.</translation>
    </message>
    <message>
        <source>Closed now; opens {when}.</source>
        <translation>Fermé ; ouvre {when}.</translation>
    </message>
    <message>
        <source>You have no hours a day.</source>
        <translation>Vous n’avez aucune heure par jour.</translation>
    </message>
    <message>
        <source>You have no hours a week.</source>
        <translation>Vous n’avez aucune heure par semaine.</translation>
    </message>
    <message>
        <source>Your {amount} for today are used up.</source>
        <translation>Vos {amount} d’aujourd’hui sont épuisées.</translation>
    </message>
    <message>
        <source>Your {amount} for this week are used up.</source>
        <translation>Vos {amount} de la semaine sont épuisées.</translation>
    </message>
    <message>
        <source>You have time again {when}.</source>
        <translation>Vous aurez du temps {when}.</translation>
    </message>
    <message>
        <source>You have no time in any planned opening.</source>
        <translation>Pas de temps dans les ouvertures prévues.</translation>
    </message>
    <message>
        <source>Too many wrong passwords.</source>
        <translation>Trop de mots de passe incorrects.</translation>
    </message>
    <message>
        <source>Your time is up.</source>
        <translation>Votre temps est écoulé.</translation>
    </message>
    <message>
        <source>You have logged in on another computer, so this session ends.</source>
        <translation>Vous êtes connecté ailleurs, cette session se termine.</translation>
    </message>
    <message>
        <source>The operator ends this session.</source>
        <translation>Le responsable met fin à cette session.</translation>
    </message>
    <message>
        <source>Your account was disabled, so this session ends.</source>
        <translation>Votre compte est désactivé, cette session se termine.</translation>
    </message>
    <message>
        <source>Your account was deleted, so this session ends.</source>
        <translation>Votre compte est supprimé, cette session se termine.</translation>
    </message>
    <message>
        <source>The master does not answer.</source>
        <translation>Le maître ne répond pas.</translation>
    </message>
    <message>
        <source>Log in again when it is back.</source>
        <translation>Réessayez quand il sera revenu.</translation>
    </message>
    <message>
        <source>This session ends.</source>
        <translation>Cette session se termine.</translation>
    </message>
    <message>
        <source>You are still logged in on {name}; your time is kept for it until {when}.</source>
        <translation>Vous êtes encore connecté sur {name} ; votre temps lui est réservé jusqu’à {when}.</translation>
    </message>
    <message>
        <source>Somebody else is about to sit down here.</source>
        <translation>Quelqu’un d’autre est en train de s’installer ici.</translation>
    </message>
    <message>
        <source>The login was interrupted.</source>
        <translation>La connexion a été interrompue.</translation>
    </message>
    <message>
        <source>Try again, or ask the operator.</source>
        <translation>Réessayez, ou demandez au responsable.</translation>
    </message>
    <message>
        <source>This computer has no account for {name}.</source>
        <translation>Cet ordinateur n’a pas de compte pour {name}.</translation>
    </message>
    <message>
        <source>This computer knows this account by another name.</source>
        <translation>Cet ordinateur connaît ce compte sous un autre nom.</translation>
    </message>
    <message>
        <source>{name} is an account of the system; nobody can log in with it here.</source>
        <translation>{name} est un compte du système ; personne ne peut s’en servir ici.</translation>
    </message>
    <message>
        <source>The account {name} is closed on this computer.</source>
        <translation>Le compte {name} est fermé sur cet ordinateur.</translation>
    </message>
    <message>
        <source>This computer cannot look up accounts now.</source>
        <translation>Cet ordinateur ne peut pas consulter les comptes en ce moment.</translation>
    </message>
    <message>
        <source>This computer refuses the login: {words}.</source>
        <translation>Cet ordinateur refuse la connexion : {words}.</translation>
    </message>
    <message>
        <source>The password of this account on this computer has expired.</source>
        <translation>Le mot de passe de ce compte sur cet ordinateur a expiré.</translation>
    </message>
    <message>
        <source>today at {0}</source>
        <translation>aujourd’hui à {0}</translation>
    </message>
    <message>
        <source>tomorrow at {0}</source>
        <translation>demain à {0}</translation>
    </message>
    <message>
        <source>on {0} at {1}</source>
        <translation>{0} à {1}</translation>
    </message>
</context><context>
    <name>State</name>
    <message>
        <source>In use</source>
        <translation>Occupé</translation>
    </message>
    <message>
        <source>Idle</source>
        <translation>Libre</translation>
    </message>
    <message>
        <source>Computing</source>
        <translation>Calcule</translation>
    </message>
    <message>
        <source>Suspended</source>
        <translation>Suspendu</translation>
    </message>
    <message>
        <source>Draining</source>
        <translation>Se vide</translation>
    </message>
    <message>
        <source>Offline</source>
        <translation>Hors ligne</translation>
    </message>
    <message>
        <source>Error</source>
        <translation>Erreur</translation>
    </message>
</context><context>
    <name>TimeBar</name>
    <message>
        <source>From the operator</source>
        <translation>Du responsable</translation>
    </message>
    <message>
        <source>OK</source>
        <translation>OK</translation>
    </message>
    <message>
        <source>{0} more</source>
        <translation>encore {0}</translation>
    </message>
    <message>
        <source>Programs are closed. Work that is not saved is lost.</source>
        <translation>Les programmes sont fermés. Le travail non enregistré est perdu.</translation>
    </message>
    <message>
        <source>Log out…</source>
        <translation>Se déconnecter…</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Annuler</translation>
    </message>
    <message>
        <source>Log out</source>
        <translation>Se déconnecter</translation>
    </message>
    <message>
        <source>No time limit</source>
        <translation>Sans limite de temps</translation>
    </message>
    <message>
        <source>{0} left</source>
        <translation>Reste {0}</translation>
    </message>
    <message>
        <source>until {0}</source>
        <translation>jusqu’à {0}</translation>
    </message>
    <message>
        <source>Save your work now</source>
        <translation>Enregistrez votre travail</translation>
    </message>
    <message>
        <source>You will be logged out at {0}.</source>
        <translation>Déconnexion à {0}.</translation>
    </message>
    <message>
        <source>You will be logged out.</source>
        <translation>Vous allez être déconnecté.</translation>
    </message>
    <message>
        <source>Ends</source>
        <translation>Fin</translation>
    </message>
    <message>
        <source>Used today</source>
        <translation>Utilisé aujourd’hui</translation>
    </message>
    <message>
        <source>Used this week</source>
        <translation>Utilisé cette semaine</translation>
    </message>
    <message>
        <source>Room closes</source>
        <translation>Fermeture de la salle</translation>
    </message>
    <message>
        <source>{0} of {1}</source>
        <translation>{0} sur {1}</translation>
    </message>
</context></TS>
