"""Words that people may type and that the generated texts hold rarely or not at all."""

from __future__ import annotations

_ENGLISH = """
the be to of and a in that have it for not on with he as you do at this but his by from they we
say her she or an will my one all would there their what so up out if about who get which go me
when make can like time no just him know take people into year your good some could them see other
than then now look only come its over think also back after use two how our work first well way
even new want because any these give day most us is are was were been has had did does done being
more less many much few very too such own same different both each every some none nothing
something anything everything someone anyone where why again once never always often sometimes
rarely usually mostly nearly almost quite rather slightly little lot bit part half third quarter
whole entire complete incomplete total large larger largest small smaller smallest big bigger
biggest thick thicker thin thinner long short wide narrow high higher low lower above below under
between around within without inside outside upper left right front rear side top bottom middle
old young male female man woman patient person child adult healthy sick ill well better worse best
worst bad poor fair excellent strong weak stiff soft hard heavy light fast slow early late recent
acute chronic new previous prior past former known unknown possible probable likely unlikely
definite certain suspected suggests suggesting suggestive shows showing seen show looks appears
seems consistent compatible keeping typical atypical classic evidence sign signs feature features
finding findings pattern picture appearance question query please find show me cases case similar
heart hearts cardiac muscle wall walls chamber chambers ventricle ventricles ventricular atrium
atria atrial septum septal valve valves blood body lung lungs chest pump pumps pumping squeeze
squeezes squeezing beat beats beating contract contracts contracting contraction relax relaxes
move moves moving motion still working fail fails failing failure damage damaged dead scar scarred
scarring attack stroke disease diseased disorder problem trouble abnormal abnormality normal
normally unremarkable healthy thickened thickening thinned thinning enlarged enlargement dilated
dilation dilatation dilatated stretched swollen flattened flat bulging bulge balloon round oval
shape shaped size sized volume volumes mass thickness width diameter number percent per cent
percentage millimetre millimeter millilitre milliliter square metre meter index indexed
reduced impaired decreased depressed diminished increased raised elevated preserved maintained
mild mildly moderate moderately severe severely marked markedly gross grossly slight minimal
borderline significant extreme massive huge tiny advanced stage end grade degree class type
one two three four five six seven eight nine ten twenty thirty forty fifty sixty seventy eighty
ninety hundred
"""

_CARDIOLOGY = """
lv rv la ra lvef rvef ef edv esv edvi esvi lvedv lvesv rvedv rvesv lvedvi rvedvi lvesvi rvesvi sv
co bsa bpm lvh rvh hcm hocm dcm icm nicm arvc lvnc mi ami nstemi stemi minf cad ihd lad rca lcx cx
om pda rwma wma ivs pw lvot rvot aha sax cine ssfp mri cmr cmri mr ct echo ecg ekg lge ecv
ejection fraction systole diastole systolic diastolic dysfunction function functional
contractility stroke output index akinesia akinesis akinetic hypokinesia hypokinesis hypokinetic
dyskinesia dyskinesis dyskinetic hyperdynamic hyperkinetic asynergy dyssynchrony regional
segmental global globally diffuse focal basal mid apical apex base anterior posterior inferior
superior lateral anteroseptal inferoseptal inferolateral anterolateral anteroapical posterolateral
circumflex descending coronary artery arteries territory territories distribution infarct infarcts
infarction infarcted myocardial myocardium ischaemia ischemia ischaemic ischemic nonischaemic
nonischemic cardiomyopathy cardiomyopathies hypertrophy hypertrophic hypertrophied asymmetric
asymmetrical symmetric concentric eccentric obstructive nonobstructive obstruction idiopathic
familial genetic inherited restrictive infiltrative amyloid amyloidosis sarcoid sarcoidosis
myocarditis inflammation fibrosis fibrotic oedema edema haemochromatosis iron thalassaemia fabry
takotsubo noncompaction trabeculation trabeculae papillary aneurysm aneurysmal thrombus clot
effusion pericardial pericardium pericarditis constriction tamponade pleural aorta aortic root
ascending descending pulmonary hypertension embolism regurgitation stenosis insufficiency mitral
tricuspid prolapse shunt defect congenital tetralogy fallot cor pulmonale overload pressure strain
remodelling remodeling cardiomegaly biventricular bivent interventricular ventriculomegaly
gadolinium enhancement delayed late subendocardial transmural midwall epicardial viability viable
perfusion stress rest athlete athletic hypertensive diabetic sudden death arrhythmia fibrillation
tachycardia bradycardia bundle branch block pacemaker transplant chemotherapy cardiotoxicity
hfref hfpef hfmref nyha congestive decompensated cardiogenic shock failure oxygen
atrial biatrial interatrial lavi ravi lae rae appendage ectasia ectatic aneurysmal sinuses valsalva
sinotubular tubular arch isthmus aao taa aortopathy calibre caliber diameter bicuspid marfan
subepicardial epi endo endocardium epicardium midmyocardial intramural stripe linear patchy spotty
scattered circumferential infiltration infiltrative infiltrated storage deposits protein attr ttr al
transthyretin chains nulling null retained uptake contrast dye hyperenhancement hyperenhanced
enhances enhanced enhancing enhance nonviable hibernating revascularisation revascularization
transmurality microvascular perimyocarditis myopericarditis viral virus inflamed inflammatory
infection fluid water liquid sac layer layers rim circumferential haemopericardium hydropericardium
hydrothorax pleura effusions mural intracavitary intracardiac clotted coagulated thrombi thrombosis
embolic laminated
impression conclusion summary findings report history indication technique comparison
"""

COMMON_WORDS = tuple(dict.fromkeys((_ENGLISH + _CARDIOLOGY).split()))
