using System.Diagnostics;

namespace Ingest.Core;

/// <summary>
/// Deliberate bugs, to prove that the simulator finds them. Calls exist only where MUTATIONS is defined, which the build configuration of that name does;
/// in every other build the compiler leaves out the calls and what would compute their arguments.
/// </summary>
internal static class Mutation
{
    /// <summary>Whether this build has the deliberate bugs.</summary>
#if MUTATIONS
    public static bool AreCompiledIn => true;
#else
    public static bool AreCompiledIn => false;
#endif

    [ThreadStatic]
    private static Bug t_bug;

    /// <summary>The bug that is switched on, for this thread's simulated world; none by default.</summary>
    public static Bug Current { get => t_bug; set => t_bug = value; }

    /// <summary>With this bug, the value is another.</summary>
    [Conditional("MUTATIONS")]
    public static void Set<T>(Bug bug, ref T value, T wrong)
    {
        if (t_bug == bug) value = wrong;
    }

    /// <summary>As <see cref="Set{T}(Bug, ref T, T)"/>, where the wrong value is not to be made otherwise.</summary>
    [Conditional("MUTATIONS")]
    public static void Set<T>(Bug bug, ref T value, Func<T, T> wrong)
    {
        if (t_bug == bug) value = wrong(value);
    }

    /// <summary>With this bug, something happens that should not.</summary>
    [Conditional("MUTATIONS")]
    public static void Do(Bug bug, Action wrong)
    {
        if (t_bug == bug) wrong();
    }
}
