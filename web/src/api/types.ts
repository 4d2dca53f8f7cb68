import type { components } from './schema.gen'

/** The wire types, under the names that the page uses. The API's document is their only source. */
type Schemas = components['schemas']

export type Question = Schemas['Question']
export type Status = Question['status']
export type Step = Schemas['Step']
export type NumberCheck = Schemas['NumberCheck']
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
export type Features = Schemas['Features']
export type Fault = Schemas['Fault']
export type ProblemBody = Schemas['Problem']
export type Completion = Schemas['Completion']
export type Parameter = Schemas['Parameter']
export type SavedQuery = Schemas['SavedQuery']
export type SQLCheck = Schemas['SQLCheck']
export type SQLPlace = Schemas['SQLPlace']
export type CatalogHit = Schemas['Hit']
export type Relation = Schemas['Relation']
export type RelationNode = Schemas['RelationNode']
export type TableDetail = Schemas['TableDetail']
export type ColumnDetail = Schemas['ColumnDetail']
export type NoteInput = Schemas['NoteInput']
export type Term = Schemas['Term']
export type Metric = Schemas['Metric']
export type VerifiedQuestion = Schemas['VerifiedQuestion']

/** The document leaves cells open; a number that JavaScript cannot hold exactly comes as its digits. */
export type Cell = string | number | boolean | null
export type Result = Omit<Schemas['ResultPage'], 'rows'> & { rows: Cell[][] }
