export default {
  title: 'Bei DataMind anmelden',
  email: 'E-Mail',
  password: 'Passwort',
  signIn: 'Anmelden',
  firstTime: 'Zum ersten Mal hier? Nehmen Sie den Link, den DataMind beim Start gezeigt hat.',
  signingIn: 'Anmeldung',
  withPassword: 'Mit Passwort anmelden',
  oneMoment: 'Einen Moment …',
  invited: {
    title: 'Sie sind eingeladen', to: 'Zu {{organisation}}, als {{role}}.', name: 'Ihr Name', newPassword: 'Wählen Sie ein Passwort', newPasswordHelp: 'Mindestens 12 Zeichen.', yourPassword: 'Ihr Passwort', yourPasswordHelp: 'Sie haben ein Konto mit dieser Adresse: Mit seinem Passwort nehmen Sie an.',
    accept: 'Annehmen', until: 'Die Einladung kann bis {{day}} angenommen werden.', toSignIn: 'Anmelden', signedIn: 'In diesem Browser ist jemand angemeldet. Wer annimmt, beendet diese Sitzung.',
    means: { viewer: 'Sie können lesen; zum Fragen braucht es eine andere Rolle.', analyst: 'Sie können seine Daten befragen.', admin: 'Sie können seine Daten befragen und Verbindungen, Modelle und Mitglieder verwalten.', owner: 'Sie dürfen dort alles.' },
  },
}
