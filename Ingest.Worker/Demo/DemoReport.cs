using System.Globalization;
using Ingest.Worker.Commands;

namespace Ingest.Worker.Demo;

/// <summary>The demo's last words: a line a department, and the verdict.</summary>
internal static class DemoReport
{
    private static readonly TableView s_forPeople = new() { UnlessUsual = new Dictionary<string, string> { [""] = "" } };

    /// <summary>Returns the exit code: 0 only if the pool holds exactly what it should.</summary>
    public static int Write(Verdict verdict, DemoRun run, int otherPlans, string pool, string contracts)
    {
        string[] names = ["department", "published", "expected", "found", "refused", "quarantined", ""];
        Output.Console.Write(s_forPeople.Of(names, [.. verdict.Departments.Select(Row)]));
        var status = run.Status;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{Output.Count(status.Records)} records of {Output.Count(status.Transfers)} transfers in {run.Took.TotalSeconds:F1} s: {Output.Count(status.Written)} written, {Output.Count(status.Duplicates)} duplicates, {Output.Count(status.Quarantined)} quarantined, {Output.Count(status.Commits)} commits."));
        if (otherPlans > 0) Console.WriteLine($"The pool also holds what {otherPlans} other {(otherPlans == 1 ? "plan has" : "plans have")} published.");
        foreach (var problem in verdict.Problems) Console.WriteLine(problem);
        Console.WriteLine(verdict.Problems.Count == 0
            ? $"Verdict: exactly right. {Output.Count(verdict.Departments.Sum(d => d.Found))} rows, each expected one once and no other."
            : $"Verdict: WRONG, {Output.Count(verdict.Problems.Count, "problem")}.");
        Console.WriteLine("Look at it, and prove it:");
        Console.WriteLine($"  {OwnCommand.Program} pool sql --pool {OwnCommand.Place(pool)} 'show tables'");
        Console.WriteLine($"  {OwnCommand.Program} pool verify --pool {OwnCommand.Place(pool)} --index --contracts {OwnCommand.Place(contracts)}");
        return verdict.Problems.Count == 0 ? ExitCodes.Ok : ExitCodes.Failed;
    }

    private static string[] Row(DepartmentLine d)
    {
        var isRight = d.Expected == d.Found && d.Refused == d.Quarantined;
        return [d.Department, Output.Count(d.Published), Output.Count(d.Expected), Output.Count(d.Found), Output.Count(d.Refused), Output.Count(d.Quarantined), isRight ? "" : "WRONG"];
    }
}
