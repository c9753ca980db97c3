using System.Globalization;
using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace Ingest.Core.Pool.Sealing;

/// <summary>
/// The name of a recent file within its folder, as numbers: those in it, where it is one that <see cref="TableLayout"/> makes, else its hash. There may be a million in memory: as they hold no reference,
/// the garbage collector need not look at them.
/// </summary>
internal readonly record struct RecentName : IComparable<RecentName>
{
    private const int IdDigits = 32, PlanDigits = 10;
    private const long Unmerged = -1, Other = -2;

    private static readonly System.Buffers.SearchValues<char> s_digits = System.Buffers.SearchValues.Create("0123456789abcdef");

    private readonly UInt128 _id;
    private readonly long _plan;

    private RecentName(UInt128 id, long plan)
    {
        _id = id;
        _plan = plan;
    }

    /// <summary>A name that does not say itself: <see cref="Of"/> gave its hash.</summary>
    public bool IsOther => _plan == Other;

    /// <summary>Made by an earlier merge.</summary>
    public bool IsMerged => _plan >= 0;

    public static RecentName Of(ReadOnlySpan<char> path)
    {
        var name = path[(path.LastIndexOf('/') + 1)..];
        var plan = Unmerged;
        var rest = name;
        var isOurs = rest.StartsWith(TableLayout.NewPrefix);
        if (isOurs) rest = rest[TableLayout.NewPrefix.Length..];
        else isOurs = TakePlan(ref rest, out plan);
        return isOurs && rest.Length == IdDigits + TableLayout.Ending.Length && rest.EndsWith(TableLayout.Ending) && rest[..IdDigits].IndexOfAnyExcept(s_digits) < 0
            ? new RecentName(UInt128.Parse(rest[..IdDigits], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture), plan)
            : new RecentName(XxHash128.HashToUInt128(MemoryMarshal.AsBytes(name)), Other);
    }

    /// <summary>The path of the file of this name, unless that is another one.</summary>
    /// <param name="folder">Folder of the partition, as sealed files lie in.</param>
    public string In(string folder) => IsMerged
        ? string.Create(CultureInfo.InvariantCulture, $"{TableLayout.Recent}{folder}{TableLayout.MergedPrefix}{_plan:D10}-{_id:x32}{TableLayout.Ending}")
        : string.Create(CultureInfo.InvariantCulture, $"{TableLayout.Recent}{folder}{TableLayout.NewPrefix}{_id:x32}{TableLayout.Ending}");

    public int CompareTo(RecentName other) => _plan != other._plan ? _plan.CompareTo(other._plan) : _id.CompareTo(other._id);

    private static bool TakePlan(ref ReadOnlySpan<char> rest, out long plan)
    {
        plan = Unmerged;
        if (!rest.StartsWith(TableLayout.MergedPrefix)) return false;
        var digits = rest[TableLayout.MergedPrefix.Length..];
        if (digits.Length <= PlanDigits || digits[PlanDigits] != '-' || !long.TryParse(digits[..PlanDigits], NumberStyles.None, CultureInfo.InvariantCulture, out plan)) return false;
        rest = digits[(PlanDigits + 1)..];
        return true;
    }
}
