export default {
  title: 'Sign in to DataMind',
  email: 'E-mail',
  password: 'Password',
  signIn: 'Sign in',
  firstTime: 'First time? Use the one-time link that DataMind printed when it started.',
  signingIn: 'Signing in',
  withPassword: 'Sign in with a password',
  oneMoment: 'One moment…',
  invited: {
    title: 'You are invited', to: 'To {{organisation}}, as {{role}}.', name: 'Your name', newPassword: 'Choose a password', newPasswordHelp: 'At least 12 characters.', yourPassword: 'Your password', yourPasswordHelp: 'You have an account with this address: its password accepts.',
    accept: 'Accept', until: 'The invitation can be accepted until {{day}}.', toSignIn: 'Sign in', signedIn: 'Somebody is signed in on this browser. Accepting ends that session.',
    means: { viewer: 'You can read; asking takes another role.', analyst: 'You can ask questions of its data.', admin: 'You can ask questions of its data, and manage connections, models and members.', owner: 'You can do everything there.' },
  },
} as const
