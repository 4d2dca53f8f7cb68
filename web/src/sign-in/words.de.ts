export default {
  title: 'Bei DataMind anmelden',
  email: 'E-Mail',
  password: 'Passwort',
  signIn: 'Anmelden',
  firstTime: 'Zum ersten Mal hier? Nehmen Sie den Link, den DataMind beim Start gezeigt hat.',
  signingIn: 'Anmeldung',
  withPassword: 'Mit Passwort anmelden',
  oneMoment: 'Einen Moment …',
}
