namespace Ingest.Worker.Demo;

/// <summary>How the pool compares with what should be there.</summary>
/// <param name="Departments">One line a department.</param>
/// <param name="Problems">What is wrong, in sentences; empty when nothing is.</param>
internal sealed record Verdict(IReadOnlyList<DepartmentLine> Departments, IReadOnlyList<string> Problems);

/// <param name="Published">Records in the transfers of this run.</param>
/// <param name="Expected">Rows that the pool should hold.</param>
/// <param name="Found">Rows that it holds.</param>
/// <param name="Refused">Refused records (or transfers) that the quarantine should hold.</param>
/// <param name="Quarantined">Those that it holds.</param>
internal sealed record DepartmentLine(string Department, long Published, long Expected, long Found, long Refused, long Quarantined);
