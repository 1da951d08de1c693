<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="es">
    <context>
    <name>Greeter</name>
    <message>
        <source>User ID</source>
        <translation>Usuario</translation>
    </message>
    <message>
        <source>Password</source>
        <translation>Contraseña</translation>
    </message>
    <message>
        <source>Caps Lock is on</source>
        <translation>Bloq Mayús está activado</translation>
    </message>
    <message>
        <source>Restart</source>
        <translation>Reiniciar</translation>
    </message>
    <message>
        <source>Restart now?</source>
        <translation>¿Reiniciar ahora?</translation>
    </message>
    <message>
        <source>Shut down</source>
        <translation>Apagar</translation>
    </message>
    <message>
        <source>Shut down now?</source>
        <translation>¿Apagar ahora?</translation>
    </message>
    <message>
        <source>Light colours</source>
        <translation>Colores claros</translation>
    </message>
    <message>
        <source>Dark colours</source>
        <translation>Colores oscuros</translation>
    </message>
    <message>
        <source>Text {0} %</source>
        <translation>Texto {0} %</translation>
    </message>
    <message>
        <source>Session</source>
        <translation>Sesión</translation>
    </message>
    <message>
        <source>Keyboard layout</source>
        <translation>Distribución del teclado</translation>
    </message>
    <message>
        <source>Colours and size of text</source>
        <translation>Colores y tamaño del texto</translation>
    </message>
    <message>
        <source>Checking…</source>
        <translation>Comprobando…</translation>
    </message>
    <message>
        <source>Welcome. Your session starts.</source>
        <translation>Bienvenido. La sesión comienza.</translation>
    </message>
    <message>
        <source>Wait {0}</source>
        <translation>Espere {0}</translation>
    </message>
    <message>
        <source>The master does not answer.</source>
        <translation>El maestro no responde.</translation>
    </message>
    <message>
        <source>Log in again when it is back.</source>
        <translation>Inténtelo cuando haya vuelto.</translation>
    </message>
    <message>
        <source>No answer came.</source>
        <translation>No llegó ninguna respuesta.</translation>
    </message>
    <message>
        <source>Please try again.</source>
        <translation>Inténtelo de nuevo.</translation>
    </message>
    <message>
        <source>Press Enter to log in.</source>
        <translation>Pulse Intro para entrar.</translation>
    </message>
    <message>
        <source>Master reachable</source>
        <translation>Maestro accesible</translation>
    </message>
    <message>
        <source>Master not reachable</source>
        <translation>Maestro no accesible</translation>
    </message>
    <message>
        <source>Master not reachable since {0}</source>
        <translation>Maestro no accesible desde las {0}</translation>
    </message>
    <message>
        <source>Closed today</source>
        <translation>Cerrado hoy</translation>
    </message>
    <message>
        <source>Open today {0}</source>
        <translation>Abierto hoy {0}</translation>
    </message>
    <message>
        <source>Closes in {0}</source>
        <translation>Cierra en {0}</translation>
    </message>
    <message>
        <source>Opens in {0}</source>
        <translation>Abre en {0}</translation>
    </message>
    <message>
        <source>Opens tomorrow, {0}</source>
        <translation>Abre mañana, {0}</translation>
    </message>
    <message>
        <source>Opens {0}, {1}</source>
        <translation>Abre {0}, {1}</translation>
    </message>
    <message>
        <source>dddd d MMMM</source>
        <comment>form of a date, as QLocale has it</comment>
        <translation>dddd, d 'de' MMMM</translation>
    </message>
</context><context>
    <name>Master</name>
    <message>
        <source>User ID or password is wrong.</source>
        <translation>Usuario o contraseña incorrectos.</translation>
    </message>
    <message>
        <source>This account is disabled.</source>
        <translation>Esta cuenta está desactivada.</translation>
    </message>
    <message>
        <source>Ask the operator.</source>
        <translation>Consulte al responsable.</translation>
    </message>
    <message>
        <source>Many people are logging in.</source>
        <translation>Muchas personas están entrando.</translation>
    </message>
    <message>
        <source>Try again in a moment.</source>
        <translation>Inténtelo en un momento.</translation>
    </message>
    <message>
        <source>Try again in a moment, or ask the operator.</source>
        <translation>Inténtelo en un momento o consulte al responsable.</translation>
    </message>
    <message>
        <source>The master cannot check this now.</source>
        <translation>El maestro no puede comprobarlo ahora.</translation>
    </message>
    <message>
        <source>Closed now; no opening is planned.</source>
        <translation>Cerrado; no hay apertura prevista.</translation>
    </message>
    <message>
        <source>Closed now; opens {when}.</source>
        <translation>Cerrado; abre {when}.</translation>
    </message>
    <message>
        <source>You have no hours a day.</source>
        <translation>No tiene horas por día.</translation>
    </message>
    <message>
        <source>You have no hours a week.</source>
        <translation>No tiene horas por semana.</translation>
    </message>
    <message>
        <source>Your {amount} for today are used up.</source>
        <translation>Sus {amount} de hoy están agotadas.</translation>
    </message>
    <message>
        <source>Your {amount} for this week are used up.</source>
        <translation>Sus {amount} de la semana están agotadas.</translation>
    </message>
    <message>
        <source>You have time again {when}.</source>
        <translation>Tendrá tiempo de nuevo {when}.</translation>
    </message>
    <message>
        <source>You have no time in any planned opening.</source>
        <translation>No tiene tiempo en ninguna apertura prevista.</translation>
    </message>
    <message>
        <source>Too many wrong passwords.</source>
        <translation>Demasiadas contraseñas incorrectas.</translation>
    </message>
    <message>
        <source>Your time is up.</source>
        <translation>Se acabó su tiempo.</translation>
    </message>
    <message>
        <source>You have logged in on another computer, so this session ends.</source>
        <translation>Ha entrado en otro equipo; esta sesión termina.</translation>
    </message>
    <message>
        <source>The operator ends this session.</source>
        <translation>El responsable termina esta sesión.</translation>
    </message>
    <message>
        <source>Your account was disabled, so this session ends.</source>
        <translation>Su cuenta fue desactivada; esta sesión termina.</translation>
    </message>
    <message>
        <source>Your account was deleted, so this session ends.</source>
        <translation>Su cuenta fue eliminada; esta sesión termina.</translation>
    </message>
    <message>
        <source>The master does not answer.</source>
        <translation>El maestro no responde.</translation>
    </message>
    <message>
        <source>Log in again when it is back.</source>
        <translation>Inténtelo cuando haya vuelto.</translation>
    </message>
    <message>
        <source>This session ends.</source>
        <translation>Esta sesión termina.</translation>
    </message>
    <message>
        <source>You are still logged in on {name}; your time is kept for it until {when}.</source>
        <translation>Usted sigue conectado en {name}; su tiempo está reservado para ello hasta {when}.</translation>
    </message>
    <message>
        <source>Somebody else is about to sit down here.</source>
        <translation>Otra persona está entrando aquí.</translation>
    </message>
    <message>
        <source>The login was interrupted.</source>
        <translation>El inicio de sesión se interrumpió.</translation>
    </message>
    <message>
        <source>Try again, or ask the operator.</source>
        <translation>Inténtelo de nuevo o pregunte al operador.</translation>
    </message>
    <message>
        <source>This computer has no account for {name}.</source>
        <translation>Este equipo no tiene una cuenta para {name}.</translation>
    </message>
    <message>
        <source>This computer knows this account by another name.</source>
        <translation>Este equipo conoce esta cuenta con otro nombre.</translation>
    </message>
    <message>
        <source>{name} is an account of the system; nobody can log in with it here.</source>
        <translation>{name} es una cuenta del sistema; nadie puede entrar con ella aquí.</translation>
    </message>
    <message>
        <source>The account {name} is closed on this computer.</source>
        <translation>La cuenta {name} está cerrada en este equipo.</translation>
    </message>
    <message>
        <source>This computer cannot look up accounts now.</source>
        <translation>Este equipo no puede consultar las cuentas ahora.</translation>
    </message>
    <message>
        <source>This computer refuses the login: {words}.</source>
        <translation>Este equipo rechaza el inicio de sesión: {words}.</translation>
    </message>
    <message>
        <source>The password of this account on this computer has expired.</source>
        <translation>La contraseña de esta cuenta en este equipo ha caducado.</translation>
    </message>
    <message>
        <source>today at {0}</source>
        <translation>hoy a las {0}</translation>
    </message>
    <message>
        <source>tomorrow at {0}</source>
        <translation>mañana a las {0}</translation>
    </message>
    <message>
        <source>on {0} at {1}</source>
        <translation>el {0} a las {1}</translation>
    </message>
</context><context>
    <name>State</name>
    <message>
        <source>In use</source>
        <translation>En uso</translation>
    </message>
    <message>
        <source>Idle</source>
        <translation>Libre</translation>
    </message>
    <message>
        <source>Computing</source>
        <translation>Calculando</translation>
    </message>
    <message>
        <source>Suspended</source>
        <translation>En pausa</translation>
    </message>
    <message>
        <source>Draining</source>
        <translation>Vaciándose</translation>
    </message>
    <message>
        <source>Offline</source>
        <translation>Sin conexión</translation>
    </message>
    <message>
        <source>Error</source>
        <translation>Error</translation>
    </message>
</context><context>
    <name>TimeBar</name>
    <message>
        <source>From the operator</source>
        <translation>Del responsable</translation>
    </message>
    <message>
        <source>OK</source>
        <translation>Aceptar</translation>
    </message>
    <message>
        <source>{0} more</source>
        <translation>{0} más</translation>
    </message>
    <message>
        <source>Programs are closed. Work that is not saved is lost.</source>
        <translation>Se cierran los programas. Lo que no se haya guardado se pierde.</translation>
    </message>
    <message>
        <source>Log out…</source>
        <translation>Cerrar sesión…</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Cancelar</translation>
    </message>
    <message>
        <source>Log out</source>
        <translation>Cerrar sesión</translation>
    </message>
    <message>
        <source>No time limit</source>
        <translation>Sin límite de tiempo</translation>
    </message>
    <message>
        <source>{0} left</source>
        <translation>Quedan {0}</translation>
    </message>
    <message>
        <source>until {0}</source>
        <translation>hasta las {0}</translation>
    </message>
    <message>
        <source>Save your work now</source>
        <translation>Guarde ahora su trabajo</translation>
    </message>
    <message>
        <source>You will be logged out at {0}.</source>
        <translation>La sesión se cierra a las {0}.</translation>
    </message>
    <message>
        <source>You will be logged out.</source>
        <translation>La sesión se va a cerrar.</translation>
    </message>
    <message>
        <source>Ends</source>
        <translation>Termina</translation>
    </message>
    <message>
        <source>Used today</source>
        <translation>Usado hoy</translation>
    </message>
    <message>
        <source>Used this week</source>
        <translation>Usado esta semana</translation>
    </message>
    <message>
        <source>Room closes</source>
        <translation>La sala cierra</translation>
    </message>
    <message>
        <source>{0} of {1}</source>
        <translation>{0} de {1}</translation>
    </message>
</context></TS>
