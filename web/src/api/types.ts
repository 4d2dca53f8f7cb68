import type { components } from './schema.gen'

/** The wire types, under the names that the page uses. The API's document is their only source. */
type Schemas = components['schemas']

export type Question = Schemas['Question']
export type Status = Question['status']
export type Step = Schemas['Step']
export type NumberCheck = Schemas['NumberCheck']
export type Fact = Schemas['Fact']
export type Chart = Schemas['Chart']
export type Prompt = Schemas['Prompt']
export type Column = Schemas['Column']
export type Conversation = Schemas['Conversation']
export type Connection = Schemas['Connection']
export type ConnectionInput = Schemas['ConnectionInput']
export type Report = Schemas['ConnectionReport']
export type Catalog = Schemas['Catalog']
export type Table = Schemas['Table']
export type Me = Schemas['Me']
export type Role = Me['role']
export type Member = Schemas['Member']
export type Invitation = Schemas['Invitation']
export type InvitedTo = Schemas['InvitedTo']
export type Session = Schemas['Session']
export type APIKey = Schemas['APIKey']
export type Budget = Schemas['Budget']
export type Usage = Schemas['Usage']
export type AuditEvent = Schemas['AuditEvent']
export type Model = Schemas['Model']
export type ModelInput = Schemas['ModelInput']
export type ModelReport = Schemas['ModelReport']
export type Features = Schemas['Features']
export type Fault = Schemas['Fault']
export type ProblemBody = Schemas['Problem']

/** The document leaves cells open; a number that JavaScript cannot hold exactly comes as its digits. */
export type Cell = string | number | boolean | null
export type Result = Omit<Schemas['ResultPage'], 'rows'> & { rows: Cell[][] }
