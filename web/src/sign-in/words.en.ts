export default {
  title: 'Sign in to DataMind',
  email: 'E-mail',
  password: 'Password',
  signIn: 'Sign in',
  firstTime: 'First time? Use the one-time link that DataMind printed when it started.',
  signingIn: 'Signing in',
  withPassword: 'Sign in with a password',
  oneMoment: 'One moment…',
} as const
